"""What is timed in which order, within a budget of time: the most telling cases first."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil
import torch

from poet.benchmark.measure import (
    FAILURES,
    LEAST,
    TRAINING_SECONDS,
    WARMUP,
    Rates,
    Setting,
    blank_row,
    describe_failure,
    is_unsteady,
    measure,
    steadier,
)
from poet.benchmark.models import DEFAULT, MODELS, STEPS, ReferenceModel, least_memory, training_flops
from poet.benchmark.noise import slower_with_more_threads
from poet.device.device import (
    DEVICES,
    device_fault,
    dtype_name,
    listed_devices,
    pick_precision,
    present_devices,
)
from poet.results.benchmark import NO_TIME, Benchmark, Device, Machine, Row, Sweep
from poet.training.step import should_compile

# Batches of the sweep, in sequences. It ends where one does not fit into memory, or no time is left for it.
BATCHES = tuple(2**power for power in range(15))

# The share of a matrix product's rate that a training is expected to reach, and the seconds that compiling and the
# generation are expected to take, to tell whether a case fits into the time that is left. Rather too little and too
# long: the budget is kept.
EXPECTED_UTILIZATION, COMPILE_SECONDS, GENERATION_SECONDS = 0.2, 20.0, 7.0

# A case may take so much of the memory that is free.
MEMORY_SHARE = 0.8


@dataclass(frozen=True, kw_only=True)
class Case:
    """A model to be timed in a setting, alone or as one of a sweep."""

    model: ReferenceModel
    setting: Setting
    sweep: Sweep = ""

    def in_words(self) -> str:
        """The case in a few words, for a person who waits."""
        setting = self.setting
        sweep = {"": "", "batch": f", batch {self.model.shape.batch_size}", "threads": f", {setting.threads} threads"}
        compiled = ", compiled" if setting.compiled else ""
        return f"{self.model.name} on {setting.device.device}, {dtype_name(setting.precision)}{compiled}" + sweep.get(
            self.sweep, ""
        )

    def expected_seconds(self, rates: Rates) -> float:
        """About how long the case takes."""
        flops = training_flops(self.model.shape) * self.model.shape.tokens
        step = flops / rates.of(self.setting) / EXPECTED_UTILIZATION
        seconds = max((1 + WARMUP + LEAST) * step, TRAINING_SECONDS)
        seconds += COMPILE_SECONDS if self.setting.compiled else 0
        return seconds + (0 if self.sweep else GENERATION_SECONDS)


class Budget:
    """So many seconds from now on, by `clock`."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self.clock, self.end = clock, clock() + seconds

    def left(self) -> float:
        """The seconds that are left; negative once it is overdrawn."""
        return self.end - self.clock()


def benchmark(
    machine: Machine, plan: Sequence[Sequence[Case]], minutes: float, announce: Callable[[Case], None]
) -> Benchmark:
    """The figures of `machine`, on which this runs, within `minutes`: of the cases in `plan`, group by group.

    `announce` is called before each case.
    """
    budget, rates = Budget(60 * minutes, time.monotonic), Rates()
    rows = [row for cases in plan for row in run_cases(cases, budget, rates, announce)]
    rows += [*_equal_devices(machine), *_absent_devices()]
    return Benchmark(
        machine=machine,
        measured=datetime.now(UTC).isoformat(timespec="seconds"),
        minutes=minutes,
        rates=tuple(rates.measured.values()),
        rows=tuple(_mark_slow_threads(rows)),
    )


def plan_benchmark(machine: Machine) -> list[list[Case]]:
    """All cases of `machine`, in groups: the default model everywhere and all models on the best device come first."""
    # Of the devices of one kind only the first, because they are alike.
    devices = list({device.device.partition(":")[0]: device for device in reversed(machine.devices)}.values())[::-1]
    best, others = devices[0], devices[1:]
    telling = [Case(model=DEFAULT, setting=as_trained(device, DEFAULT)) for device in devices]
    telling += [Case(model=model, setting=as_trained(best, model)) for model in MODELS[1:-1]]
    # The same model in other ways. In the sweep over batches each size would be compiled anew, which takes too long.
    uncompiled = dataclasses.replace(as_trained(best, DEFAULT), compiled=False, as_trained=False)
    ways = [Case(model=DEFAULT, setting=setting, sweep="threads") for setting in _fewer_threads(devices)]
    ways += [Case(model=DEFAULT, setting=setting) for setting in _other_settings(best, DEFAULT)]
    ways += [Case(model=_with_batch(DEFAULT, size), setting=uncompiled, sweep="batch") for size in BATCHES]
    large = [Case(model=MODELS[-1], setting=as_trained(best, MODELS[-1]))]
    # All else: the other devices, then the other models in other ways.
    rest = [Case(model=model, setting=as_trained(device, model)) for device in others for model in MODELS[1:]]
    rest += [Case(model=DEFAULT, setting=setting) for device in others for setting in _other_settings(device, DEFAULT)]
    rest += [Case(model=model, setting=setting) for model in MODELS[1:] for setting in _other_settings(best, model)]
    return [telling, [*ways, *large], rest]


def _equal_devices(machine: Machine) -> list[Row]:
    """A row for each device that is not timed, because another of its kind is."""
    first: dict[str, str] = {}
    rows = []
    for device in machine.devices:
        timed = first.setdefault(device.device.partition(":")[0], device.device)
        if timed != device.device:
            rows.append(blank_row(DEFAULT, as_trained(device, DEFAULT), reason=f"of devices alike, {timed} is timed"))
    return rows


def _absent_devices() -> list[Row]:
    """A row for each kind of device that this machine lacks, or that torch lists and cannot use."""
    usual = as_trained(Device(device="cpu", name=""), DEFAULT)
    present, rows = present_devices(), []
    for kind in DEVICES:
        if kind not in present:
            fault = device_fault(kind) if kind in listed_devices() else f"torch {torch.__version__} finds none here"
            setting = dataclasses.replace(usual, device=Device(device=kind, name=""), precision=torch.float32)
            rows.append(blank_row(DEFAULT, setting, reason=fault))
    return rows


def as_trained(device: Device, model: ReferenceModel) -> Setting:
    """The setting that a training of `model` takes on `device` by itself."""
    kind = torch.device(device.device)
    flops = training_flops(model.shape) * model.shape.tokens * STEPS
    return Setting(
        device=device,
        precision=pick_precision("auto", kind),
        compiled=should_compile("auto", kind, flops),
        threads=torch.get_num_threads(),
        as_trained=True,
    )


def _other_settings(device: Device, model: ReferenceModel) -> list[Setting]:
    """The same model otherwise: not compiled, or compiled where it is not by itself, and in the other precisions."""
    usual, kind = as_trained(device, model), torch.device(device.device)
    # MPS computes wrong in half precision, and torch does not compile well for it.
    precisions = {
        "cuda": (torch.float32, torch.bfloat16, torch.float16),
        "mps": (torch.float32,),
        "cpu": (torch.float32,),
    }
    compiles = kind.type == "cuda" or should_compile("auto", kind, float("inf"))
    settings = []
    for precision in dict.fromkeys((usual.precision, *precisions[kind.type])):
        for compiled in (usual.compiled, not usual.compiled):
            other = dataclasses.replace(usual, precision=precision, compiled=compiled, as_trained=False)
            is_usual = (precision, compiled) == (usual.precision, usual.compiled)
            if not is_usual and (compiles or not compiled):
                settings.append(other)
    return settings


def _fewer_threads(devices: Sequence[Device]) -> Iterator[Setting]:
    """The CPU with fewer threads than it has: 1, 2, 4 and so on."""
    for device in devices:
        if device.device != "cpu":
            continue
        usual, count = as_trained(device, DEFAULT), 1
        while count < usual.threads:
            yield dataclasses.replace(usual, threads=count, as_trained=False)
            count *= 2


def _with_batch(model: ReferenceModel, size: int) -> ReferenceModel:
    return dataclasses.replace(model, shape=dataclasses.replace(model.shape, batch_size=size))


def run_cases(cases: Sequence[Case], budget: Budget, rates: Rates, announce: Callable[[Case], None]) -> list[Row]:
    """A row for each of `cases`, measured or with the reason why not. `announce` is called before each.

    A sweep over batches ends with the first one that cannot be measured: those after it are larger. What was unsteady
    is measured again at the end, if there is time: other work of the machine may have ended.
    """
    rows: dict[Case, Row] = {}
    for case in cases:
        announce(case)
        if case.sweep != "batch" or not any(row.sweep == "batch" and row.reason for row in rows.values()):
            rows[case] = _run(case, budget, rates)
    for case, row in rows.items():
        if is_unsteady(row) and not (second := _run(case, budget, rates)).reason:
            rows[case] = steadier(row, second)
    return list(rows.values())


def _run(case: Case, budget: Budget, rates: Rates) -> Row:
    try:
        if lack := _lack_of_memory(case):
            return blank_row(case.model, case.setting, case.sweep, lack)
        expected, left = case.expected_seconds(rates), max(0.0, budget.left())
        if expected > left:
            reason = f"{NO_TIME}: it would take about {expected:.0f} s of the {left:.0f} s left"
            return blank_row(case.model, case.setting, case.sweep, reason)
        return measure(case.model, case.setting, rates, case.sweep)
    except FAILURES as error:
        return blank_row(case.model, case.setting, case.sweep, describe_failure(error))


def _lack_of_memory(case: Case) -> str:
    """Why the case is not even tried, "" if it is: on a CPU, the system would end the process without a word."""
    if case.setting.device.device != "cpu":
        return ""
    needed, free = least_memory(case.model.shape), psutil.virtual_memory().available
    if needed <= MEMORY_SHARE * free:
        return ""
    return f"not enough memory: it takes at least {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free"


def _mark_slow_threads(rows: Sequence[Row]) -> list[Row]:
    """The `rows`, with a reason for noise added where more threads were slower than fewer."""
    marked = []
    for row in rows:
        alike = [other for other in rows if _work(other) == _work(row)]
        speeds = {other.threads: other.training.seconds_per_iteration for other in alike if other.training}
        sign = slower_with_more_threads(speeds).get(row.threads)
        marked.append(dataclasses.replace(row, noise=(*row.noise, sign)) if sign and row.training else row)
    return marked


def _work(row: Row) -> tuple[object, ...]:
    """What was measured, whatever the number of threads."""
    return row.model, row.shape, row.device, row.precision, row.compiled
