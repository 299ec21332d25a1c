"""How fast a training is: the rows of timing.csv, of which each says for itself which steps it timed."""

from poet.device.device import Stopwatch
from poet.tracking.figures import TRAINING
from poet.training.history import TimingRow
from poet.training.run import TrainingRun


class Speed:
    """Times the steps of `run` from now on, and records their speed. `stopwatch` is paused for work that is no step."""

    def __init__(self, run: TrainingRun) -> None:
        self.run, self.stopwatch = run, Stopwatch(run.device)
        # The last step that was taken before the current lap. A resumed training begins in the middle.
        self.timed_step = run.step

    def record(self) -> int:
        """Add a row for the steps since the row before, and return how many they are. Without a step there is no row.

        So a row never covers a step that was not timed, and together they cover all steps, also those of a training
        that was interrupted: a row is added before each snapshot.
        """
        run, steps = self.run, self.run.step - self.timed_step
        if not steps:
            return 0
        seconds, self.timed_step = self.stopwatch.lap(), run.step
        tokens_per_second = steps * run.tokens_per_step / seconds
        # Model FLOPs utilization (MFU, Chowdhery et al. 2022): the FLOPs that the model needs per second, over those
        # that the devices can do. These are measured; a data sheet knows them for some GPUs only.
        peak = run.yardstick.flops_per_second
        row = TimingRow(
            step=run.step,
            seconds=round(seconds, 6),
            tokens_per_second=round(tokens_per_second),
            utilization=round(tokens_per_second * run.model.flops_per_token() / peak, 4),
            matmul_flops_per_second=round(peak),
        )
        run.history.timing.append(row)
        # The tracker gets the same rounded figures, so that MLflow and timing.csv agree. A tag holds the yardstick.
        keys = ("tokens_per_second", "utilization")
        run.tracker.metrics(run.step, {TRAINING[key]: getattr(row, key) for key in keys})
        return steps
