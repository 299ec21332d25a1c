"""What the devices of a training can do at most: the 100 % of its utilization."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime

import torch

from poet.device.device import dtype_name, matmul_flops_per_second
from poet.training.distributed import World, all_reduce_mean


@dataclass(frozen=True, kw_only=True)
class Yardstick:
    """The rate of a large matrix product, on the devices of all processes together."""

    flops_per_second: float
    # How, when and beside what load it was measured. A machine that was busier then than later makes it too low.
    description: str


def measure_yardstick(world: World, dtype: torch.dtype) -> Yardstick:
    """Measure it now, in the precision `dtype` and with the threads of the training (collective)."""
    # All processes begin at once: on one machine they share its processors, as they will when they train.
    all_reduce_mean(world, 0.0)
    rate = all_reduce_mean(world, matmul_flops_per_second(world.device, dtype)) * world.ranks
    devices = f"{world.ranks} x {world.device.type} in {dtype_name(dtype)}"
    threads = f", {torch.get_num_threads()} threads" if world.device.type == "cpu" else ""
    load = f", load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores" if hasattr(os, "getloadavg") else ""
    time = datetime.now(UTC).isoformat(timespec="seconds")
    description = f"{rate / 1e9:,.1f} GFLOP/s of {devices}{threads}, measured {time}{load}"
    return Yardstick(flops_per_second=rate, description=description)
