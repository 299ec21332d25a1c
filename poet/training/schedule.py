"""The learning rate over a run: a linear warm-up, a plateau, a linear cool-down to zero.

The plateau makes a longer run an honest continuation of a shorter one, up to where its cool-down begins (the
trapezoid of Hägele et al. 2024, arXiv 2405.18392).
"""


def learning_rate_factor(step: float, steps: float, warmup_steps: float, cooldown: float) -> float:
    """The factor on every learning rate at `step` (from 0) of `steps`; `cooldown` is the share of the run that cools
    down.

    >>> [learning_rate_factor(step, 8, 2, 0.5) for step in range(8)]
    [0.5, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25]
    """
    warm = min(1.0, (step + 1) / max(1, warmup_steps))
    cool = (steps - step) / max(1.0, steps * cooldown)
    return min(warm, cool, 1.0)
