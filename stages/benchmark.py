"""Stage benchmark: how fast this machine trains and generates."""

from pathlib import Path

import click

from poet.benchmark.cases import benchmark
from poet.params.file import load_params
from poet.progress import log

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.benchmark --out reports/benchmark.json")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--out", type=PATH, required=True)
def main(params: Path, out: Path) -> None:
    """Time training and generation on every device present."""
    for row in benchmark(load_params(params).benchmark, out)["results"]:
        speed = (
            f"{row['tokens_per_second']:>9,.0f} tokens/s training {row['generate_tokens_per_second']:>7,.0f} generating"
        )
        log(f"{row['model']:<10} {row['device']:<4} {row['precision']:<8} {row['threads']} threads {speed}")


if __name__ == "__main__":
    main()
