"""Several processes that train one model: starting them, dividing the model among them, exchanging values.

torchrun starts the processes; each computes its own rows of every batch, and the gradients are averaged. Without
`shard`, every process has the whole model (DDP, Li et al. 2020). With it, parameters, gradients and optimizer state are
divided among the processes (FSDP2, after ZeRO, Rajbhandari et al. 2020).

A collective operation is a call that every process has to make at the same point, because each waits for the others.
All functions below that exchange something are collective. With a single process they return at once.
"""

import signal
import subprocess
import sys
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

from poet.device.device import pick_device
from poet.errors import ConfigError, TrainingError
from poet.model.transformer import Transformer

# How long a process waits in a collective operation before it gives the others up for dead. Long enough for the
# slowest step: rank 0 writes a large snapshot while the others wait.
COLLECTIVE_TIMEOUT = timedelta(minutes=10)

# The signals that ask a training to stop: Ctrl-C, and the end of a batch job.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


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


def started_by_torchrun() -> bool:
    """Whether this process is one of those that torchrun started."""
    return dist.is_torchelastic_launched()


def launch_torchrun(module: str, processes: int) -> None:
    """Run `module` in `processes` processes on this machine, with this process's command line, and wait for them.

    Raises TrainingError when one of them fails.
    """
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    with subprocess.Popen([*command, "-m", module, *sys.argv[1:]]) as torchrun:
        # Whoever stops the stage knows this process only. torchrun passes the signal on to the training processes,
        # which save a snapshot.
        previous = {number: signal.signal(number, lambda n, _: torchrun.send_signal(n)) for number in STOP_SIGNALS}
        try:
            code = torchrun.wait()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
    # torchrun stops all processes as soon as one fails; a collective operation could never end without it.
    if code:
        raise TrainingError(
            f"one of the {processes} training processes ended early, so the others were stopped; its own message is "
            "above. `dvc repro` continues from the last snapshot."
        )


def join_world(name: str) -> World:
    """Connect this process with the others that torchrun started; without torchrun, it is alone.

    `name` is the value of `train.device`. Raises ConfigError when this machine has no such device.
    """
    device = pick_device(name)
    if not started_by_torchrun():
        return World(device=device)
    if device.type == "cuda":
        # Each process of a machine takes the GPU of its own number.
        device = torch.device("cuda", dist.get_node_local_rank())
    # NCCL exchanges between GPUs, gloo between CPUs.
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, timeout=COLLECTIVE_TIMEOUT, device_id=device if device.type == "cuda" else None)
    return World(device=device, rank=dist.get_rank(), ranks=dist.get_world_size())


def leave_world(world: World) -> None:
    """Wait for the other processes and close the connection to them."""
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
        self, tokens: Tensor, targets: Tensor, dtype: torch.dtype, state: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        return self.model.loss(tokens, targets, dtype, state)


def wrap_data_parallel(model: Transformer, world: World, *, shard: bool) -> nn.Module:
    """A module whose call is `model.loss`, and whose backward pass averages the gradients over all processes.

    With `shard`, the parameters of `model` itself become DTensors, divided among the processes. Raises ConfigError for
    `shard` without torchrun.
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
