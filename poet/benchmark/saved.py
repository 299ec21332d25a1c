"""Where the figures of machines are kept for the team."""

from pathlib import Path

from poet.errors import DataError
from poet.params.values import did_you_mean
from poet.results.benchmark import Benchmark, read_benchmarks, read_saved, write_benchmarks

# From the root of the repository: what the stage measured, and the saved machines, which git keeps.
STAGE = Path("reports/benchmark.json")
SAVED = Path("reports/benchmarks")


def save(root: Path, name: str, benchmark: Benchmark) -> Path:
    """Write the figures of the machine `name` to its file, in place of older ones; returns the file."""
    path = root / SAVED / f"{name}.json"
    write_benchmarks(path, {name: benchmark})
    return path


def known_benchmarks(root: Path) -> dict[str, Benchmark]:
    """All machines of the repository `root`: the saved ones, and what the stage measured where that is newer."""
    found = read_saved(root / SAVED)
    for name, benchmark in read_benchmarks(root / STAGE).items() if (root / STAGE).is_file() else ():
        if name not in found or found[name].measured <= benchmark.measured:
            found[name] = benchmark
    return found


def find_benchmark(known: dict[str, Benchmark], name: str) -> Benchmark:
    """The figures of the machine `name`; DataError with the names that there are."""
    if name in known:
        return known[name]
    if not known:
        raise DataError("no machine is saved here. Measure this one first: poet benchmark --save")
    raise DataError(f"no machine is called {name!r}{did_you_mean(name, known)}; saved are {', '.join(known)}")
