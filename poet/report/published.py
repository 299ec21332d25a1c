"""What the first torch-transformer-poet published of its own speed in 2023.

Its model, its code and its batches were others, and the size of the batches is not known. So no page compares these
figures with ours: they keep the factors that they were published with.
"""

from dataclasses import dataclass

# What every place that shows such a figure says of it.
MARK = "its own measurement of 2023, on its own model"


@dataclass(frozen=True, kw_only=True)
class PublishedSpeed:
    """A device of the first torch-transformer-poet: seconds per iteration, and their factor among its own devices."""

    device: str
    seconds_per_iteration: float
    factor: float
    measured: str
    remark: str


# The first two are of the model of 71M parameters.
_EARLY = "71M parameters, 32 layers, 16 heads"
_LATE = "a later and different model; torch 2.0/2.1 nightly"

PUBLISHED = (
    PublishedSpeed(
        device="Nvidia A100 40GB", seconds_per_iteration=0.8, factor=1.0, measured="2023-01-26", remark=_EARLY
    ),
    PublishedSpeed(
        device="Apple M2 Max, 30 graphics cores",
        seconds_per_iteration=2.34,
        factor=2.95,
        measured="2023-01-26",
        remark=f"{_EARLY}; torch 2.0 beta with MPS",
    ),
    PublishedSpeed(
        device="Nvidia T4 16GB", seconds_per_iteration=0.539, factor=1.34, measured="2023-03-28", remark=_LATE
    ),
    PublishedSpeed(device="Apple M2 Max", seconds_per_iteration=0.401, factor=1.0, measured="2023-03-28", remark=_LATE),
)
