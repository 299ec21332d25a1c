"""Several processes as one training: who they are, how the model is spread over them, and the few words they exchange.

Processes are started by torchrun; each computes its rows of every batch. With `shard`, parameters, gradients and
optimizer state are divided among them (FSDP2), else each holds all (DDP).
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

# How long a process waits for the others before it takes them for dead.
PATIENCE = timedelta(minutes=10)
STOPS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, kw_only=True)
class World:
    """This process among all, `rank` of `ranks`, and its device. Rank 0 alone writes and talks."""

    device: torch.device
    rank: int = 0
    ranks: int = 1

    @property
    def leads(self) -> bool:
        return self.rank == 0


def launched() -> bool:
    """Whether torchrun started this process."""
    return dist.is_torchelastic_launched()


def launch(module: str, processes: int) -> None:
    """Run `module` with the arguments of this process as so many processes of this machine; TrainingError when one of
    them fails.
    """
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    with subprocess.Popen([*command, "-m", module, *sys.argv[1:]]) as torchrun:
        before = {name: signal.signal(name, lambda number, _: torchrun.send_signal(number)) for name in STOPS}
        try:
            code = torchrun.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    if code:
        raise TrainingError(
            f"one of the {processes} training processes ended early, so the others were stopped; its own message "
            "stands above. `dvc repro` goes on from the last snapshot."
        )


def join_world(name: str) -> World:
    """Meet the other processes of a torchrun on the device called `name`; alone without one."""
    device = pick_device(name)
    if not launched():
        return World(device=device)
    if device.type == "cuda":
        device = torch.device("cuda", dist.get_node_local_rank())
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, timeout=PATIENCE, device_id=device if device.type == "cuda" else None)
    return World(device=device, rank=dist.get_rank(), ranks=dist.get_world_size())


def leave_world(world: World) -> None:
    if world.ranks > 1:
        dist.barrier()
    if dist.is_initialized():
        dist.destroy_process_group()


class _Loss(nn.Module):
    """The training loss as the forward pass of a module, which is what DDP watches."""

    def __init__(self, model: Transformer) -> None:
        super().__init__()
        self.model = model

    def forward(self, *arguments: Any) -> tuple[Tensor, Tensor | None]:
        return self.model.loss(*arguments)


def spread(model: Transformer, world: World, *, shard: bool) -> nn.Module:
    """Spread `model` over the world; calling what is returned gives the loss. Sharding changes `model` in place."""
    if shard:
        if world.ranks == 1 and not dist.is_initialized():
            raise ConfigError("train.shard: needs processes to share with; set train.processes or use torchrun")
        mesh = init_device_mesh(model.embedding.weight.device.type, (world.ranks,))
        for block in model.blocks:
            fully_shard(block, mesh=mesh)
        fully_shard(model, mesh=mesh)
        register_fsdp_forward_method(model, "loss")
    loss = _Loss(model)
    return DistributedDataParallel(loss) if world.ranks > 1 and not shard else loss


def whole(tensor: Tensor) -> Tensor:
    """All of a tensor that may be sharded; every rank has to ask."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def like(tensor: Tensor, pattern: Tensor) -> Tensor:
    """`tensor`, which is whole, divided as `pattern` is."""
    if isinstance(pattern, DTensor):
        return distribute_tensor(tensor, pattern.device_mesh, pattern.placements)
    return tensor


def mean_and_any(world: World, mean: float, flags: Sequence[bool]) -> tuple[float, list[bool]]:
    """The mean of `mean` over all ranks, and for each of `flags` whether any rank has it set."""
    if world.ranks == 1:
        return mean, list(flags)
    said = torch.tensor([mean, *map(float, flags)], dtype=torch.float64, device=_exchange_device())
    dist.all_reduce(said)
    return float(said[0]) / world.ranks, [bool(flag > 0) for flag in said[1:]]


def from_leader(world: World, value: Any) -> Any:
    """What rank 0 has as `value`."""
    if world.ranks == 1:
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def tensors_from_leader(world: World, tensors: dict[str, Tensor] | None) -> dict[str, Tensor]:
    """The tensors that rank 0 has, on every rank."""
    if world.ranks == 1:
        assert tensors is not None
        return tensors
    shapes = {name: (t.shape, t.dtype) for name, t in tensors.items()} if tensors is not None else None
    received = {}
    for name, (shape, dtype) in from_leader(world, shapes).items():
        tensor = tensors[name] if tensors is not None else torch.empty(shape, dtype=dtype)
        tensor = tensor.to(_exchange_device())
        dist.broadcast(tensor, src=0)
        received[name] = tensor.cpu()
    return received


def _exchange_device() -> torch.device:
    """Where the backend can read a tensor: NCCL only on the GPU."""
    return torch.device("cuda", dist.get_node_local_rank()) if dist.get_backend() == "nccl" else torch.device("cpu")
