"""The figures of the server in the text format of Prometheus: what it was asked, what it does, how long that takes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# The text format of Prometheus, version 0.0.4.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# What the format wants escaped in a label.
ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

# Upper bounds of the histogram, in seconds: 50 and 200 ms are what a person must not wait for longer.
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(kw_only=True)
class Metrics:
    """What happened since the server started."""

    # Requests by the path of their address and the status of the answer. Unknown paths count as one.
    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    # Texts by model and by how they ended.
    texts: Counter[tuple[str, str]] = field(default_factory=Counter)
    first_tokens: Counter[float] = field(default_factory=Counter)
    first_token_seconds: float = 0.0

    def saw_first_token(self, seconds: float) -> None:
        """Count a first token that came after `seconds`."""
        bound = next((bound for bound in BOUNDS if seconds <= bound), float("inf"))
        self.first_tokens[bound] += 1
        self.first_token_seconds += seconds

    def text(self, models: Mapping[str, Mapping[str, int]], memory: int) -> str:
        """All figures, with those of each model: `running`, `waiting`, `tokens`; `memory` in bytes."""
        lines = [
            *_family("poet_requests_total", "counter", "Requests by address and status."),
            *(
                _line("poet_requests_total", count, path=path, status=status)
                for (path, status), count in sorted(self.requests.items())
            ),
            *_family("poet_texts_total", "counter", "Texts by model and by how they ended."),
            *(
                _line("poet_texts_total", count, model=model, end=end)
                for (model, end), count in sorted(self.texts.items())
            ),
        ]
        for name, kind, key, words in (
            ("poet_running", "gauge", "running", "Texts that are being written."),
            ("poet_waiting", "gauge", "waiting", "Texts that wait for a place."),
            ("poet_tokens_total", "counter", "tokens", "Tokens written."),
        ):
            lines += _family(name, kind, words)
            lines += [_line(name, figures[key], model=model) for model, figures in models.items()]
        lines += self._histogram("poet_first_token_seconds")
        lines += _family("process_resident_memory_bytes", "gauge", "Memory of the process.")
        lines.append(_line("process_resident_memory_bytes", memory))
        return "\n".join(lines) + "\n"

    def _histogram(self, name: str) -> Iterable[str]:
        yield from _family(name, "histogram", "Seconds from the request to its first token.")
        total = 0
        for bound in (*BOUNDS, float("inf")):
            total += self.first_tokens[bound]
            yield _line(f"{name}_bucket", total, le="+Inf" if bound == float("inf") else bound)
        yield _line(f"{name}_sum", self.first_token_seconds)
        yield _line(f"{name}_count", total)


def _family(name: str, kind: str, words: str) -> list[str]:
    return [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]


def _line(name: str, value: float, **labels: object) -> str:
    r"""One figure; the labels are escaped as the format wants it.

    >>> print(_line("texts", 3, model='a"b'))
    texts{model="a\"b"} 3
    """
    pairs = (f'{key}="{str(label).translate(ESCAPED)}"' for key, label in labels.items())
    inside = ",".join(pairs)
    return f"{name}{{{inside}}} {value}" if inside else f"{name} {value}"
