"""docs/performance.md from its files: the saved machines side by side, and how cost grows, each size with a plot.

`python -m poet.report.performance_page` writes it; nobody edits it by hand.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click

from poet.files import read_text, write_text
from poet.progress import log
from poet.report.growth import CORPUS, SIZES, Growth, growths
from poet.report.growth_plots import draw_growth
from poet.report.machine_figures import describe_machine
from poet.report.machines import ModelTable, model_tables, unmeasured
from poet.report.published import MARK
from poet.report.words import day, factor, significant
from poet.results.benchmark import Benchmark, read_benchmarks, read_saved

# The commands with which the figures were measured, and the page was made from them.
MEASURE = "poet benchmark --save"
GROW = "python -m poet.benchmark.growth --clean data/clean/shakespeare --out docs/performance/growth.json"
MAKE = (
    "python -m poet.report.performance_page --machines reports/benchmarks --growth docs/performance/growth.json "
    "--out docs/performance.md"
)

# A section of the page that people write, beside the growth: what was measured of other programs.
BESIDE = "beside.md"

# Characters that Markdown or HTML would take for more than themselves.
_MARKS = re.compile(r"([\\`*_{}\[\]()#+!|~>-])")


def performance_page(machines: Mapping[str, Benchmark], plots: Sequence[Growth], folder: str, beside: str = "") -> str:
    """The text of the page with all `machines`, and with `plots`, the files of which are in `folder` seen from it."""
    tables = model_tables(machines)
    parts = [
        "# Performance",
        f"Made from `reports/benchmarks` and `docs/performance`; do not edit it. To make it again:\n\n"
        f"```sh\n{_in_lines(MAKE)}\n```",
        "## Machines side by side",
        "Seconds per iteration of a training in the setting that a training would take on each device: the median, the "
        "5th to the 95th percentile, and the factor against the fastest device. Noisy figures stand last and have no "
        f"factor. On each machine:\n\n```sh\n{MEASURE}\n```",
        *([] if machines else ["No machine is saved yet."]),
        *(part for table in tables for part in _model(table)),
        *_missing(tables),
        *_machines(machines),
        "## How cost grows",
        *_growth(plots, folder),
        *filter(None, [beside.strip()]),
    ]
    return "\n\n".join(parts) + "\n"


def _in_lines(command: str) -> str:
    """A long command with a line for each option, so that it fits on a phone."""
    return command.replace(" --", " \\\n  --")


def _model(table: ModelTable) -> list[str]:
    """The section of a model."""
    title = f"### {plain(table.model)}{f': {table.what}' if table.what else ''}"
    head = ["machine", "device", "setting", "seconds per iteration", "5 to 95 %", "factor", "measured", "remark"]
    rows = [
        [
            place.who,
            place.device,
            place.setting,
            significant(place.seconds),
            f"{significant(place.low)} to {significant(place.high)}",
            factor(place.factor),
            place.day,
            f"{'noisy: ' if place.noisy else ''}{'; '.join(place.remarks)}",
        ]
        for place in table.places
    ]
    parts = [title, f"{plain(table.shape)}.", _table(head, rows, numbers=(3, 4, 5)) if rows else "Not measured yet."]
    if table.published:
        parts.append(
            f"The first torch-transformer-poet: {MARK}. Its code and its batches were others, so these figures are not "
            "compared with those above, and the factors are its own."
        )
        published = [
            [one.device, significant(one.seconds_per_iteration), factor(one.factor), day(one.measured), one.remark]
            for one in table.published
        ]
        parts.append(
            _table(["device", "seconds per iteration", "factor", "measured", "remark"], published, numbers=(1, 2))
        )
    return parts


def _missing(tables: Sequence[ModelTable]) -> list[str]:
    """What was not measured, with the reason."""
    rows = [[one.who, one.device, one.model, one.setting, one.reason] for one in unmeasured(tables)]
    if not rows:
        return []
    table = _table(["machine", "device", "model", "setting", "why"], rows)
    return [f"<details><summary>Not measured: {len(rows)}</summary>\n\n{table}\n\n</details>"]


def _machines(machines: Mapping[str, Benchmark]) -> list[str]:
    """What the machines are."""
    if not machines:
        return []
    lines = (f"- **{plain(who)}**: {plain(describe_machine(benchmark))}." for who, benchmark in machines.items())
    return ["### The machines", "\n".join(lines)]


def _growth(plots: Sequence[Growth], folder: str) -> list[str]:
    """The plots, each with a sentence."""
    if not plots:
        return ["Not measured yet."]
    parts = [f"Both axes of each plot are logarithmic. Measured with\n\n```sh\n{_in_lines(GROW)}\n```"]
    for plot in plots:
        parts += [
            f"### {plain(plot.title)}",
            f"![{plain(plot.title)} by {plain(plot.x_label)}]({folder}/{plot.key}.svg)",
            plain(f"{plot.sentence} {plot.equal}".strip()),
        ]
    return parts


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table in Markdown; the columns with these `numbers` are set to the right."""
    lines = [head, ["---:" if i in numbers else "---" for i in range(len(head))]]
    cells = [*lines, *([plain(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def plain(text: str) -> str:
    r"""`text` as Markdown that shows it as it is, in one line; a name of a machine may hold anything.

    >>> plain("a|b <i>\n[x](y) 2.5 to 3-4")
    'a\\|b &lt;i&gt; \\[x\\]\\(y\\) 2.5 to 3-4'
    """
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;")
    # A hyphen between letters or digits, or alone, is no mark.
    line = _MARKS.sub(lambda mark: mark[1] if mark[1] == "-" and mark.start() else f"\\{mark[1]}", line)
    # An address would become a link.
    return line.replace("\\>", "&gt;").replace("://", ":\u200b//").replace("@", "&#64;")


def write_performance_page(machines: Path, growth: Path, out: Path) -> list[Path]:
    """Write the page `out` and its plots beside `growth`; returns all files. Plots of what is no more are removed."""
    plots = growths(read_benchmarks(growth) if growth.exists() else {})
    folder = Path(os.path.relpath(growth.parent, out.parent)).as_posix()
    files = {growth.parent / f"{plot.key}.svg": draw_growth(plot) for plot in plots}
    for key in (*SIZES, *CORPUS):
        if (path := growth.parent / f"{key}.svg") not in files:
            path.unlink(missing_ok=True)
    written = growth.parent / BESIDE
    beside = read_text(written) if written.exists() else ""
    files[out] = performance_page(read_saved(machines), plots, folder, beside)
    for path, text in files.items():
        write_text(path, text)
    return [*files]


@click.command(epilog=f"Example: {MAKE}")
@click.option("--machines", type=click.Path(path_type=Path), required=True, help="The folder of the saved machines.")
@click.option("--growth", type=click.Path(path_type=Path), required=True, help="The sweeps; the plots go beside them.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The page.")
def main(machines: Path, growth: Path, out: Path) -> None:
    """Make docs/performance.md and its plots from what was measured."""
    files = write_performance_page(machines, growth, out)
    log(f"{out}, with {len(files) - 1} plots in {growth.parent}")


if __name__ == "__main__":
    main()
