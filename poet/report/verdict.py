"""What the figures of a collection mean, in plain sentences."""

from collections.abc import Mapping

from poet.report.words import degree_of, share
from poet.results.copying import EXCESS_AT, CopyingMetrics

# How compressors are called where people read of them.
NAMES = {"ppmd": "PPMd"}


def quality(bits_per_character: float, compressors: Mapping[str, float]) -> str:
    """How well the model predicts, in words, beside the `compressors` and their bits per character.

    >>> compressors = {"xz": 2.39, "ppmd": 1.895}
    >>> for bits in (1.707, 2.0, 3.0):
    ...     print(quality(bits, compressors).partition(", ")[2])
    better than the compressors PPMd (1.90) and xz (2.39).
    better than the compressor xz (2.39), not so well as PPMd (1.90).
    not so well as the compressors PPMd (1.90) and xz (2.39).
    """
    start = f"It predicts unseen text at {bits_per_character:.2f} bits per character"
    ranked = sorted(compressors.items(), key=lambda item: item[1])
    beaten = [f"{NAMES.get(name, name)} ({bits:.2f})" for name, bits in ranked if bits > bits_per_character]
    others = [f"{NAMES.get(name, name)} ({bits:.2f})" for name, bits in ranked if bits <= bits_per_character]
    parts = []
    if beaten:
        parts.append(f"better than the {_compressors(beaten)}")
    if others:
        parts.append(f"not so well as {', '.join(others)}" if beaten else f"not so well as the {_compressors(others)}")
    return f"{start}{', ' if parts else ''}{', '.join(parts)}."


def _compressors(names: list[str]) -> str:
    """
    >>> _compressors(["a", "b", "c"])
    'compressors a, b and c'
    """
    *first, last = names
    return f"compressors {', '.join(first)} and {last}" if first else f"compressor {last}"


def repetition(samples: CopyingMetrics, human: CopyingMetrics | None) -> str:
    """Whether the model repeats its books more than their authors do in pages that it never saw, with the shares.

    `samples` has the excess over `human` with its interval; None where there is no human text, or too little.
    """
    copied, long = share(samples.share_at[EXCESS_AT]), f"in passages of {EXCESS_AT} or more characters"
    if human is None:
        return (
            f"{copied} of its text stands in the books word for word, {long}; there is no human text to compare with."
        )
    beside = f"{long}, {copied} of its text against {share(human.share_at[EXCESS_AT])} of pages that it never saw"
    return f"{repeats(samples.excess, samples.excess_interval)}: {beside}."


def repeats(excess: float | None, interval: tuple[float, float] | None) -> str:
    """Whether samples repeat the books more than their authors do, as a sentence without its full stop.

    `excess` is the share that samples copy beyond human text, `interval` its 95 % interval.

    >>> repeats(0.031, (0.012, 0.05)), repeats(-0.004, (-0.015, 0.009))
    ('It repeats its books more than their authors do', 'It repeats its books no more than their authors do')
    """
    if excess is None:
        return "There is no human text to compare its copying with"
    if interval is None:
        return "The texts are too few to say whether it repeats its books more than their authors do"
    return f"It repeats its books {degree_of(interval)} than their authors do"


def progress(bits_per_character: float | None, compressors: Mapping[str, float]) -> str:
    """How far a training is, by the compressors that it has left behind.

    >>> progress(2.04, {"xz": 2.39, "ppmd": 1.9})
    '2.04 bits per character: better than xz, not yet so good as PPMd'
    >>> progress(4.5, {"xz": 2.39}), progress(1.7, {"xz": 2.39}), progress(None, {})
    ('4.50 bits per character: not yet so good as xz', '1.70 bits per character: better than xz', '')
    """
    if bits_per_character is None:
        return ""
    ranked = sorted(compressors, key=lambda name: -compressors[name])
    beaten = [NAMES.get(name, name) for name in ranked if compressors[name] > bits_per_character]
    ahead = [NAMES.get(name, name) for name in ranked if compressors[name] <= bits_per_character]
    parts = ([f"better than {' and '.join(beaten)}"] if beaten else []) + (
        [f"not yet so good as {ahead[0]}"] if ahead else []
    )
    return f"{bits_per_character:.2f} bits per character{': ' if parts else ''}{', '.join(parts)}"
