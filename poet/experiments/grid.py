"""The grid of a sweep: every combination of the values in `-S`, with the settings and the name of each.

A name is made of the changes alone, so the same command means the same experiments, on every machine.
"""

import hashlib
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poet.errors import ConfigError
from poet.params.changes import changed_params
from poet.params.dotted import flatten
from poet.params.sections import Params
from poet.params.yaml_reader import read_yaml

# DVC takes about a second to queue an experiment.
MOST = 500

# The sections of params.yaml that can change what an evaluation finds. All others come after it.
TELLING = ("build", "collections", "download", "clean", "split", "tokenize", "model", "train", "evaluate")

# A name becomes a file of git's; systems take 255 bytes at least.
LONGEST_NAME = 120


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One experiment of a sweep.

    `name` is that of the experiment in DVC and of its run in MLflow. `changes` are as `dvc exp run -S` takes them, and
    `values` the same by key of params.yaml. `params` is all of params.yaml with these changes.
    """

    name: str
    changes: tuple[str, ...]
    values: Mapping[str, str]
    params: Params


def expand(path: Path, changes: Sequence[str]) -> list[Trial]:
    """The trials of the sweep `changes` of the settings in the file `path`; equal settings are one trial.

    ConfigError lists what is wrong with any of them.
    """
    combinations = _combinations(changes)
    settings, problems = _checked(path, combinations)
    if problems:
        raise ConfigError("\n".join(problems))
    short = shortened({_key(change) for change in combinations[0]}, flatten(**_mappings(read_yaml(path))))
    distinct = [i for i, each in enumerate(settings) if each not in settings[:i]]
    kept = [(combinations[i], settings[i]) for i in distinct]
    names = distinct_names([trial_name(_values(each), short) for each, _ in kept], [each for each, _ in kept])
    return [
        Trial(name=name, changes=each, values=_values(each), params=params)
        for name, (each, params) in zip(names, kept, strict=True)
    ]


def _combinations(changes: Sequence[str]) -> list[tuple[str, ...]]:
    """Each combination of the values in `changes`, which are in Hydra's notation as for `dvc exp run -S`."""
    from dvc.exceptions import DvcException
    from dvc.utils.hydra import get_hydra_sweeps, to_hydra_overrides
    from hydra.errors import HydraException

    try:
        parsed = to_hydra_overrides(changes)
        for one in parsed:
            _check_change(one)
        repeated = [key for key, count in Counter(one.key_or_group for one in parsed).items() if count > 1]
        if repeated:
            raise ConfigError(f"-S sets {repeated[0]} twice; write all its values in one: {repeated[0]}=1,2")
        (found,) = zip(*(each.values() for each in get_hydra_sweeps({"params.yaml": list(changes)})), strict=True)
    except (DvcException, HydraException) as error:
        cause = str(error).partition("\n")[0]
        raise ConfigError(
            f"-S {' -S '.join(changes)}: {cause}; write KEY=VALUE,VALUE as for `dvc exp run -S`"
        ) from None
    if len(found) > MOST:
        raise ConfigError(f"these are {len(found):,} experiments; a sweep has at most {MOST}. Give -S fewer values.")
    return [tuple(each) for each in found]


def _check_change(change: Any) -> None:
    """ConfigError if the parsed `change` is none that a sweep can compare by."""
    key = change.key_or_group
    if change.is_delete():
        raise ConfigError(f"-S ~{key} takes a setting away, and params.yaml needs all of them; write {key}=null")
    if ":" in key:
        raise ConfigError(f"-S {key}: a sweep changes settings of params.yaml alone; write KEY=VALUE")
    if key.split(".")[0] not in TELLING and "." in key:
        raise ConfigError(
            f"-S {key}: a sweep compares bits per character, and this setting cannot change them. Sections that can: "
            f"{', '.join(TELLING)}."
        )
    kind = getattr(change.value_type, "name", "")
    if kind in ("GLOB_CHOICE_SWEEP", "INTERVAL_SWEEP"):
        raise ConfigError(f"-S {change.input_line}: a sweep needs a list of values, or range(FIRST,LAST,STEP)")
    # Hydra would write a long range out in memory first.
    if change.is_sweep_override() and sum(1 for _ in itertools.islice(change.sweep_iterator(), MOST + 1)) > MOST:
        raise ConfigError(f"-S {key}: more than {MOST} values; a sweep has at most {MOST} experiments")


def _checked(path: Path, combinations: Iterable[tuple[str, ...]]) -> tuple[list[Params], list[str]]:
    """The settings of each combination, and every different problem once."""
    settings, problems = [], dict[str, None]()
    for changes in combinations:
        try:
            settings.append(changed_params(path, changes))
        except ConfigError as error:
            problems[error.message] = None
    return settings, list(problems)


def _mappings(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The sections of params.yaml; `build` is no section."""
    return {key: value for key, value in raw.items() if isinstance(value, dict)}


def _key(change: str) -> str:
    return change.partition("=")[0].lstrip("+")


def _values(changes: Iterable[str]) -> dict[str, str]:
    return {_key(change): change.partition("=")[2] for change in changes}


def shortened(keys: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """The shortest end of each of `keys` by which no other key of `known` ends.

    >>> shortened(["train.steps", "tokenize.kind"], ["train.steps", "train.warmup_steps", "train.optimizer.kind"])
    {'train.steps': 'steps', 'tokenize.kind': 'tokenize.kind'}
    """
    keys = sorted(keys, reverse=True)
    everything = {*keys, *known}

    def ends(key: str) -> list[str]:
        parts = key.split(".")
        return [".".join(parts[i:]) for i in range(len(parts) - 1, -1, -1)]

    taken = Counter(end for key in everything for end in ends(key))
    return {key: next((end for end in ends(key) if taken[end] == 1), key) for key in keys}


def trial_name(values: Mapping[str, str], short: Mapping[str, str]) -> str:
    """A name that a person reads and that git takes: the changes, without what git or a shell would not take.

    >>> trial_name({"train.steps": "400", "sample.temperatures": "[0.6, 0.8]"}, {"train.steps": "steps"})
    'steps=400,sample.temperatures=0.6+0.8'
    """
    words = [f"{short.get(key, key)}={_plain(value)}" for key, value in values.items()]
    name = ",".join(words)
    if len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME].rstrip('.')}-{_digits(name)}"
    # Git keeps these ends for itself.
    return re.sub(r"\.lock$", "+lock", name).rstrip(".")


def _plain(value: str) -> str:
    letters = re.sub(r"[^A-Za-z0-9_.-]+", "+", value).strip("+")
    return re.sub(r"\.{2,}", ".", letters)


def distinct_names(names: Sequence[str], combinations: Sequence[tuple[str, ...]]) -> list[str]:
    """`names` with some digits of what they stand for where two are the same."""
    count = Counter(names)
    return [
        name if count[name] == 1 else f"{name}-{_digits(changes)}"
        for name, changes in zip(names, combinations, strict=True)
    ]


def sweep_name(trials: Sequence[Trial], baseline: str) -> str:
    """The name of a sweep at the commit `baseline`: what it varies, and digits that say all of it."""
    varied = [key for key in trials[0].values if len({trial.values[key] for trial in trials}) > 1]
    words = ",".join(dict.fromkeys(key.rpartition(".")[2] for key in varied or trials[0].values))
    return f"{_plain(words)[:LONGEST_NAME]}-{_digits([baseline, *sorted(trial.changes for trial in trials)])}"


def _digits(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode("utf-8")).hexdigest()[:6]
