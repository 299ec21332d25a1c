"""Several processes that train one model: joining them, dividing the model among them, exchanging values.

`poet.training.launcher` or torchrun starts the processes; each computes its own rows of every batch, and the gradients
are averaged. Without `shard`, every process has the whole model (DDP, Li et al. 2020). With it, parameters, gradients
and optimizer state are divided among the processes (FSDP2, after ZeRO, Rajbhandari et al. 2020).

A collective operation is a call that every process has to make at the same point, because each waits for the others.
All functions below that exchange something are collective. With a single process they return at once.
"""

import gc
import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

from poet.device.device import device_count, device_fault, listed_devices, pick_device, use_gpu
from poet.errors import ConfigError
from poet.model.transformer import Transformer

# How long a process waits in a collective operation before it gives the others up for dead. Long enough for the
# slowest step: rank 0 writes a large snapshot while the others wait.
COLLECTIVE_TIMEOUT = timedelta(minutes=10)

# The signals that ask a training to stop: Ctrl-C, and the end of a batch job.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

# The variable by which a process knows that `poet.training.launcher` started it: the process id of the launcher.
LAUNCHED = "POET_LAUNCHER"

# Seconds that the other processes of a machine wait while process 0 says why none of them can start.
SILENCE = 30.0


@dataclass(frozen=True, kw_only=True)
class World:
    """This process among all: number `rank` of `ranks`, and the device that it computes on."""

    # By default the process is alone.
    device: torch.device
    rank: int = 0
    ranks: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this is rank 0, the only process that writes files and messages."""
        return self.rank == 0


def is_one_of_many() -> bool:
    """Whether this process is one of those that `poet.training.launcher` or torchrun started."""
    return LAUNCHED in os.environ or dist.is_torchelastic_launched()


def speaks_for_all() -> bool:
    """Whether this process stands for all that train one model: it is alone, or rank 0 of torchrun's processes, or the
    launcher, which ends after all that it started.
    """
    return LAUNCHED not in os.environ and (not dist.is_torchelastic_launched() or os.environ.get("RANK", "0") == "0")


def join_world(name: str) -> World:
    """Connect this process with the others that were started with it, if it is one of many; else it is alone.

    `name` is the value of `train.device`. Raises ConfigError when this machine has no such device, or too few.
    """
    if not is_one_of_many():
        return World(device=pick_device(name))
    number = dist.get_node_local_rank()
    # Each process of a machine takes the GPU of its own number, and before anything else: else the first computation
    # and the first collective operation would go to GPU 0 in all of them.
    _refuse_too_many(name, number)
    if name == "auto" or name.startswith("cuda"):
        use_gpu(number)
    device = pick_device(name)
    if device.type == "cuda":
        device = torch.device("cuda", number)
    _connect(device)
    return World(device=device, rank=dist.get_rank(), ranks=dist.get_world_size())


def check_processes(device: str, processes: int) -> None:
    """Raise ConfigError if `processes` processes of this machine cannot have a device each."""
    kind = listed_devices()[0] if device == "auto" else device.partition(":")[0]
    count = device_count(kind)
    # 0: any number of processes can share it. "auto" does not take a device that does not work.
    if not count or processes <= count or (device == "auto" and device_fault(kind)):
        return
    raise ConfigError(
        f"train.processes: {processes} processes need a device each, but this machine has {count} of kind {kind}. "
        f"Set train.processes: {count}, or train.device: cpu."
    )


def _refuse_too_many(name: str, number: int) -> None:
    """`check_processes` for the processes of this machine: process 0 says what is wrong, the others end in silence."""
    try:
        check_processes(name, int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    except ConfigError:
        if number == 0:
            raise
        # The first process that fails ends all others. It must be the one with the message.
        time.sleep(SILENCE)
        raise SystemExit(1) from None


def _connect(device: torch.device) -> None:
    """Make the process group of all processes."""
    # NCCL exchanges between GPUs, gloo between CPUs.
    options: dict[str, Any] = {"backend": "nccl", "device_id": device} if device.type == "cuda" else {"backend": "gloo"}
    # torchrun has a store of its own, which torch finds by itself.
    if LAUNCHED in os.environ:
        rank, ranks, port = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "MASTER_PORT"))
        store = dist.TCPStore(os.environ["MASTER_ADDR"], port, is_master=False)  # type: ignore[attr-defined]
        options |= {"store": store, "rank": rank, "world_size": ranks}
        threading.Thread(target=_end_with_launcher, args=(int(os.environ[LAUNCHED]),), daemon=True).start()
    dist.init_process_group(timeout=COLLECTIVE_TIMEOUT, **options)


def _end_with_launcher(launcher: int) -> None:
    """End this process as soon as the process `launcher`, which started it, is gone: killed, so it could not do so."""
    while os.getppid() == launcher:
        time.sleep(1)
    os._exit(1)


def leave_world(world: World) -> None:
    """Wait for the other processes and close the connection to them. The model must not be in use any more.

    What averages its gradients (DDP's reducer) must be gone before the process group. If the reducer is the last to
    hold the group, torch 2.13 waits for gloo's threads while it keeps Python's lock, and a thread that has just ended
    the barrier waits for that lock: about one training in twenty on a busy machine never ended.
    """
    # The model refers to itself in a circle, so it goes only when the collector looks for such circles.
    gc.collect()
    if world.ranks > 1:
        # Without the barrier, rank 0 would still be writing the model when the others end.
        dist.barrier()
    if dist.is_initialized():
        dist.destroy_process_group()


class _Loss(nn.Module):
    """The training loss as a module: DDP works on a module's forward pass, and the model's own returns logits."""

    def __init__(self, model: Transformer) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, tokens: Tensor, targets: Tensor, dtype: torch.dtype, state: Tensor | None, gradient_scale: float
    ) -> tuple[Tensor, Tensor | None]:
        return self.model.loss(tokens, targets, dtype, state, gradient_scale)


def wrap_data_parallel(model: Transformer, world: World, *, shard: bool) -> nn.Module:
    """A module whose call is `model.loss`, and whose backward pass averages the gradients over all processes.

    With `shard`, the parameters of `model` itself become DTensors, divided among the processes. Raises ConfigError for
    `shard` with a single process that nothing started.
    """
    if shard:
        if world.ranks == 1 and not dist.is_initialized():
            raise ConfigError(
                "train.shard: true needs several processes to share the parameters. Set train.processes, start the "
                "stage with torchrun, or set train.shard: false."
            )
        mesh = init_device_mesh(model.embedding.weight.device.type, (world.ranks,))
        # FSDP gathers one wrapped module at a time, so each block is wrapped by itself: only one is whole in memory.
        for block in model.blocks:
            fully_shard(block, mesh=mesh)
        fully_shard(model, mesh=mesh)
        # FSDP gathers before `forward`; training calls `loss` instead.
        register_fsdp_forward_method(model, "loss")
    loss = _Loss(model)
    # A single process has nothing to average, and FSDP averages by itself.
    return DistributedDataParallel(loss) if world.ranks > 1 and not shard else loss


def gather(tensor: Tensor) -> Tensor:
    """The whole of a sharded tensor, on every process (collective); any other tensor is returned as it is."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def shard_like(tensor: Tensor, pattern: Tensor) -> Tensor:
    """This process's shard of the whole `tensor`, divided as `pattern` is; all of it if `pattern` is not sharded."""
    if isinstance(pattern, DTensor):
        return distribute_tensor(tensor, pattern.device_mesh, pattern.placements)
    return tensor


def all_reduce_mean(world: World, value: float) -> float:
    """The mean of the `value` of every process.

    >>> all_reduce_mean(World(device=torch.device("cpu")), 2.5)
    2.5
    """
    if world.ranks == 1:
        return value
    # float64, so that the mean is as exact as the loss of one process.
    total = torch.tensor(value, dtype=torch.float64, device=_communication_device())
    dist.all_reduce(total)
    return float(total) / world.ranks


def all_reduce_any(world: World, flags: Sequence[bool]) -> list[bool]:
    """For each of `flags`, whether it is set on any process.

    >>> all_reduce_any(World(device=torch.device("cpu")), [True, False])
    [True, False]
    """
    if world.ranks == 1:
        return list(flags)
    counts = torch.tensor(flags, dtype=torch.int32, device=_communication_device())  # (flags,)
    dist.all_reduce(counts)
    return [count > 0 for count in counts.tolist()]


def broadcast(world: World, value: Any) -> Any:
    """The `value` of rank 0, on every process. What the others pass is ignored."""
    if world.ranks == 1:
        return value
    # torch sends the objects of a list, and replaces those of the receivers in place.
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def broadcast_tensors(world: World, tensors: dict[str, Tensor] | None) -> dict[str, Tensor]:
    """The `tensors` of rank 0, on the CPU of every process. What the others pass is ignored."""
    if world.ranks == 1:
        assert tensors is not None
        return tensors
    own = tensors if world.is_main and tensors is not None else {}
    # The receivers need to know names, shapes and dtypes first, to reserve the memory.
    layout = broadcast(world, {name: (tensor.shape, tensor.dtype) for name, tensor in own.items()})
    received = {}
    # One tensor at a time: the state of a large model does not fit on a GPU beside the model.
    for name, (shape, dtype) in layout.items():
        tensor = own[name] if name in own else torch.empty(shape, dtype=dtype)
        tensor = tensor.to(_communication_device())
        dist.broadcast(tensor, src=0)
        received[name] = tensor.cpu()
    return received


def _communication_device() -> torch.device:
    """The device from which the backend sends: NCCL sends from the GPU, gloo from the CPU."""
    return torch.device("cuda", dist.get_node_local_rank()) if dist.get_backend() == "nccl" else torch.device("cpu")
