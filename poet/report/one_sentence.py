"""The verdict on a model in one plain sentence, computed from its figures: how well it predicts, what it copies."""

from collections.abc import Mapping

# How people write the names of the compressors. A name that is not here is shown as it is.
COMPRESSORS = {"ppmd": "PPMd", "xz": "xz", "zpaq": "zpaq"}


def verdict(
    bits: float, compressors: Mapping[str, float], excess: float | None, interval: tuple[float, float] | None
) -> str:
    """How well a model predicts and whether it copies, as one sentence.

    `bits` are those per character of the model, `compressors` those of each compressor. `excess` is the share that
    samples copy beyond human text, `interval` its 95 % interval; None where it was not measured.

    >>> verdict(1.707, {"ppmd": 1.896, "xz": 2.393}, -0.004, (-0.015, 0.009))[53:105]
    ', better than the best compressor tried, PPMd (1.90)'
    """
    return f"{predicts(bits, compressors)}; {copies(excess, interval)}."


def predicts(bits: float, compressors: Mapping[str, float]) -> str:
    """The place of the model among the compressors, by figures as they are shown: with two decimals.

    A compressor may have no name: "" stands for the best one that was tried.

    >>> predicts(2.1, {"ppmd": 1.896, "xz": 2.393})
    'It needs 2.10 bits per character of text it never saw, between the compressors PPMd (1.90) and xz (2.39)'
    """
    own = f"{bits:.2f}"
    better = [one for one in _ranked(compressors) if float(one[1]) < float(own)]
    equal = [name for name, shown in _ranked(compressors) if float(shown) == float(own)]
    worse = [one for one in _ranked(compressors) if float(one[1]) > float(own)]
    place = ""
    if equal:
        place = f", as good as {_list([name or 'the compressor' for name in equal])}"
    elif better and worse:
        place = f", between the compressors {_cite(better[-1])} and {_cite(worse[0])}"
    elif worse:
        best = "best compressor tried, " if len(worse) > 1 else "compressor "
        place = f", better than the {best}{_cite(worse[0])}"
    elif better:
        kind = "compressors" if len(better) > 1 else "compressor"
        place = f", worse than the {kind} {_list([_cite(one) for one in reversed(better)])}"
    return f"It needs {own} bits per character of text it never saw{place}"


def copies(excess: float | None, interval: tuple[float, float] | None) -> str:
    """Whether samples repeat the books more than human text of the same books does, as the end of a sentence.

    >>> copies(0.031, (0.012, 0.05)), copies(0.031, None)[:24]
    ('it repeats its books more than they repeat each other', 'too few texts were compa')
    """
    if excess is None:
        return "how much people repeat the same books was not measured, so its copying has no yardstick"
    if interval is None:
        return "too few texts were compared to say whether it repeats its books more than they repeat each other"
    low, high = interval
    degree = "more" if low > 0 else "less" if high < 0 else "no more"
    return f"it repeats its books {degree} than they repeat each other"


def compressor_name(key: str) -> str:
    """How people write the name of the compressor `key`."""
    return COMPRESSORS.get(key, key)


def _ranked(compressors: Mapping[str, float]) -> list[tuple[str, str]]:
    """The name and the figure of each compressor as they are shown, the best first."""
    ranked = sorted(compressors.items(), key=lambda item: (item[1], item[0]))
    return [(compressor_name(name), f"{bits:.2f}") for name, bits in ranked]


def _cite(one: tuple[str, str]) -> str:
    return f"{one[0]} ({one[1]})".strip()


def _list(words: list[str]) -> str:
    """`words` with commas and a last "and"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
