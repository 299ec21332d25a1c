"""How many threads torch computes with, in the thread that asks."""

import torch


def use_threads(count: int) -> None:
    """Let torch compute with `count` threads whatever the calling thread computes from now on.

    Each thread has a number of its own. Threads that compute for the first time later take over this one.
    """
    torch.set_num_threads(count)
