"""The figures are those of Prometheus' text format, and count what happened."""

import re

from poet.serve.web.metrics import Metrics
from tests.serve.web.running import running, small_poet, wait_until

# A line of the format (Prometheus, "Exposition formats"): a name, labels, a value.
LINE = re.compile(
    r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)"
    r'(?:\{(?P<labels>(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:\\[\\"n]|[^"\\\n])*",?)*)\})? '
    r"(?P<value>-?[0-9.e+-]+|\+Inf|NaN)"
)
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:\\[\\"n]|[^"\\\n])*)"')


def read(text):
    """The figures in `text` by name and labels; every name must have been described before."""
    kinds, figures = {}, {}
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds and kind in {"counter", "gauge", "histogram"}
            kinds[name] = kind
        elif not line.startswith("# HELP "):
            match = LINE.fullmatch(line)
            assert match, line
            family = re.sub("_(bucket|sum|count)$", "", match["name"])
            assert match["name"] in kinds or kinds.get(family) == "histogram"
            unescaped = {
                key: re.sub(r"\\(.)", lambda sign: {"n": "\n"}.get(sign[1], sign[1]), value)
                for key, value in LABEL.findall(match["labels"] or "")
            }
            key = (match["name"], *sorted(unescaped.items()))
            assert key not in figures, "each figure once"
            figures[key] = float(match["value"])
    return figures


def test_names_of_models_are_escaped():
    metrics, name = Metrics(), 'a"b\\c\nd{}é'
    metrics.texts[name, "length"] += 2
    figures = read(metrics.text({name: {"running": 1, "waiting": 2, "tokens": 3}}, memory=5))
    assert figures["poet_texts_total", ("end", "length"), ("model", name)] == 2
    assert figures["poet_waiting", ("model", name)] == 2
    assert figures["process_resident_memory_bytes",] == 5


def test_the_histogram_adds_up():
    metrics = Metrics()
    for seconds in (0.001, 0.01, 0.03, 0.04, 3.0, 99.0):
        metrics.saw_first_token(seconds)
    figures = read(metrics.text({}, memory=0))
    buckets = [value for key, value in figures.items() if key[0] == "poet_first_token_seconds_bucket"]
    assert buckets == sorted(buckets) and buckets[-1] == figures["poet_first_token_seconds_count",] == 6
    assert figures["poet_first_token_seconds_bucket", ("le", "0.05")] == 4
    assert abs(figures["poet_first_token_seconds_sum",] - 102.081) < 1e-9


def test_requests_texts_and_tokens_are_counted(trained):
    with running({"small": small_poet(trained)}) as server, server.client() as client:
        body = {"prompt": "the old ", "settings": {"tokens": 5}}
        for _ in range(3):
            assert client.post("/api/write", json=body).status_code == 200
        assert client.post("/api/write", json={}).status_code == 400
        done = client.post("/v1/completions", json={"model": "small", "prompt": "a", "n": 2, "max_tokens": 3}).json()
        assert done["usage"]["completion_tokens"] == 6
        for path in ("/a", "/b", "/v1/models/small"):
            client.get(path)
        # The engine gives a place back a moment after the last token has left.
        wait_until(lambda: not server.engine.figures.running)
        answer = client.get("/metrics")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        figures = read(answer.text)
        assert figures["poet_requests_total", ("path", "/api/write"), ("status", "200")] == 3
        assert figures["poet_requests_total", ("path", "/api/write"), ("status", "400")] == 1
        assert figures["poet_requests_total", ("path", "other"), ("status", "404")] == 2, "paths are not remembered"
        assert figures["poet_texts_total", ("end", "length"), ("model", "small")] == 5
        assert figures["poet_tokens_total", ("model", "small")] == server.engine.figures.tokens >= 21
        assert figures["poet_first_token_seconds_count",] == 4
        assert figures["poet_running", ("model", "small")] == figures["poet_waiting", ("model", "small")] == 0
        assert figures["process_resident_memory_bytes",] > 1e7
