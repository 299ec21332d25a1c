"""The verdict on a model in one plain sentence, computed from its figures: how well it predicts, what it copies."""

from collections.abc import Mapping

from poet.report.verdict import quality


def verdict(
    bits: float, compressors: Mapping[str, float], excess: float | None, interval: tuple[float, float] | None
) -> str:
    """How well a model predicts and whether it copies, as one sentence.

    `bits` are those per character of the model, `compressors` those of each compressor. `excess` is the share that
    samples copy beyond human text, `interval` its 95 % interval; None where it was not measured.

    >>> verdict(1.707, {"ppmd": 1.896, "xz": 2.393}, -0.004, (-0.015, 0.009)).partition("; ")[0]
    'It predicts unseen text at 1.71 bits per character, better than the compressors PPMd (1.90) and xz (2.39)'
    """
    return f"{quality(bits, compressors).removesuffix('.')}; {copies(excess, interval)}."


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
