"""How long a training is, and its learning rate: a linear warm-up, a plateau, a linear cool-down to zero.

On the plateau a longer run does the same as a shorter one, up to where the shorter one begins to cool down. So the
length of a training can change without a new search for the learning rate (the trapezoid of Hägele et al. 2024,
arXiv 2405.18392).
"""

# What a teacher of the model's size adds to each step of the model, as a share of the step (docs/log.md).
TEACHER_SHARE = 0.4


def learning_rate_factor(step: int, steps: int, warmup_steps: int, cooldown: float) -> float:
    """The factor on every peak learning rate at `step` (from 0) of `steps`: above 0, at most 1.

    The first `warmup_steps` warm up; the last `cooldown` of the run, a share from 0 to 1, cools down. All steps are
    whole numbers: a share of the run passed as a step would be the first step of one, without warm-up or plateau.

    >>> [learning_rate_factor(step, 8, 2, 0.5) for step in range(8)]
    [0.5, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25]
    """
    # Two straight lines and a ceiling. Where warm-up and cool-down overlap, the lower line counts.
    warm = min(1.0, (step + 1) / max(1, warmup_steps))
    cool = (steps - step) / max(1.0, steps * cooldown)
    return min(warm, cool, 1.0)


def steps_in_all(steps: int, teachers: int, teacher_steps: int, size: float) -> float:
    """How many steps without teachers take as long as a training of `steps` with `teachers`, theirs among them.

    `size` is that of a teacher as a share of the model's: the FLOPs of a token.

    >>> steps_in_all(1000, 0, 960, size=1.0), steps_in_all(1000, 2, 960, size=0.5)
    (1000.0, 2360.0)
    """
    return steps * (1 + TEACHER_SHARE * teachers * size) + teachers * teacher_steps * size
