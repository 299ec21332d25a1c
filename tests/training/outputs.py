"""Where a training of a test leaves its results."""

from poet.training.run import Outputs


def outputs(folder):
    return Outputs(
        model=folder / "model",
        history=folder / "history.csv",
        timing=folder / "timing.csv",
        samples=folder / "samples.jsonl",
        metrics=folder / "train.json",
    )
