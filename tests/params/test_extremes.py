"""Every key of params.yaml with absurd values: refused in one line that names the key, or of harmless size."""

import copy
import io
import re

import pytest
from ruamel.yaml import YAML

from poet.errors import ConfigError
from poet.params.file import load_params
from tests.clone import ROOT

SHIPPED = YAML(typ="safe").load(ROOT / "params.yaml")

# No key may have any of these, but for the exceptions below.
ABSURD = {
    "nan": float("nan"),
    "inf": float("inf"),
    "-inf": float("-inf"),
    "2^64": 2**64,
    "-2^64": -(2**64),
    "10^30": 10**30,
    "10^4000": 10**4000,
    "-1": -1,
    "-1.0": -1.0,
    "1e300": 1e300,
    "-1e300": -1e300,
    "empty": "",
    "long": "x" * 200_000,
    "nul": "a\0b",
    "surrogate": "\ud800",
    "list": [],
    "mapping": {},
    "nested": [[[[1]]]],
    "yes": "yes",
    "null": None,
}

# By the end of the key, what is right there.
RIGHT = {
    "list": ("drop", "held_out_books", "collections.*.prompts"),
    "yes": ("title", "author", "language", "distribution", "files", "encoding", "mirrors.*", "prompts.*"),
    "null": ("n_kv_head", "norm", "positions", "activation", "qk_norm", "bias", "tied_head", "init", "softcap", "yoke"),
    "empty": ("title", "author", "language", "encoding", "held_out_books.*"),
    "long": ("held_out_books.*", "author", "language"),
    "nul": ("held_out_books.*", "author", "language", "prompts.*", "sample_prompt"),
}
RIGHT["yes"] += ("sample_prompt", "init_from", "held_out_books.*", "cases.*.name")
RIGHT["null"] += ("attribute.min_length", "train.minutes")


def keys(value, path=()):
    """The path of every value in `value`; of a list, the first element stands for all."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else list(enumerate(value))[:1] if isinstance(value, list) else ()
    for key, inner in items:
        # One collection has every kind of key.
        if path != ("collections",) or key in ("shakespeare", "philosophers"):
            yield from keys(inner, (*path, key))


def is_right(kind, path):
    dotted = ".".join("*" if isinstance(key, int) else str(key) for key in path)
    dotted = re.sub(r"^collections\.\w+", "collections.*", dotted)
    return any(dotted == end or dotted.endswith(f".{end}") for end in RIGHT.get(kind, ()))


def with_value(path, value):
    content = copy.deepcopy(SHIPPED)
    section = content
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = value
    return content


def problems(folder, content) -> list[str]:
    """What load_params says of `content`; nothing if it is right."""
    stream = io.StringIO()
    YAML(typ="safe").dump(content, stream)
    (folder / "params.yaml").write_text(stream.getvalue(), encoding="utf-8", errors="surrogatepass")
    try:
        load_params(folder / "params.yaml")
    except ConfigError as error:
        return error.format_message().splitlines()
    return []


@pytest.mark.parametrize("path", list(keys(SHIPPED)), ids=lambda path: ".".join(map(str, path)))
def test_every_key_refuses_what_is_absurd(tmp_path, path, monkeypatch):
    """The values go to the check as YAML would give them; only a few pass through a file, which takes longer."""
    for kind, value in ABSURD.items():
        monkeypatch.setattr("poet.params.file.read_yaml", lambda _, value=value: with_value(path, value))
        try:
            load_params(tmp_path / "params.yaml")
            said = []
        except ConfigError as error:
            said = error.format_message().splitlines()
        if is_right(kind, path):
            assert len(said) == 0, (kind, said)
        else:
            assert len(said) >= 2, f"{kind} is accepted"
            assert all(len(line) < 500 for line in said), (kind, max(map(len, said)))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("train", "seed"), 2**64, "train.seed: should be less than or equal to"),
        (("train", "optimizer", "learning_rate"), float("inf"), "learning_rate: should be a finite number"),
        (("sample", "temperatures"), [float("nan")], "sample.temperatures.0: should be a finite number"),
        (("sample", "temperatures"), [1e-45], "should be 0, for the most probable token always, or at least 0.001"),
        (("collections", "philosophers", "prompts"), [""], "prompts.0: String should have at least 1 character"),
        (("sample", "seed"), -1, "sample.seed: should be greater than or equal to 0"),
        (("build",), ["shakespeare", "shakespeare"], "build: 'shakespeare' named more than once"),
        (
            ("collections", "philosophers", "sources"),
            [{"kind": "gutenberg", "ids": [7, 8]}, {"kind": "gutenberg", "ids": [8]}],
            "collections.philosophers.sources: 8 named more than once",
        ),
        (
            ("model", "yoke"),
            {"layer": 1, "width": 4, "residual": False, "state": True},
            "train.state_windows: 1 is too few",
        ),
        (("train", "accumulate"), 3, "train.batch_size: 16 must be a multiple of train.accumulate 3"),
        (("model", "sequence_len"), 10**6, "model.sequence_len: should be less than or equal to 131072"),
        (("train", "batch_size"), 10**6, "train.batch_size: 256,000,000 tokens would be computed at once"),
        (("train", "device"), "tpu", "train.device: "),
        (("download", "mirrors"), ["https://jane:s3cret@mirror.example"], "put them into ~/.netrc"),
        (("train", "init_from"), "models/shakespeare", "is what the training of shakespeare writes"),
        (("train", "init_from"), "./data/../models/shakespeare/", "is what the training of shakespeare writes"),
        (("train", "init_from"), "models", "take shakespeare out of `build`"),
        (("download", "mirrors"), ["ftp://mirror.example"], "should be a folder or an address"),
        (("download", "mirrors"), "https://jane:s3cret@mirror.example", "should be a valid list"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_a_late_stage_would_die_of_is_one_line(tmp_path, path, value, message):
    first, *rest = problems(tmp_path, with_value(path, value))
    assert first.endswith("has 1 problem:") and len(rest) == 1 and message in rest[0], rest
    assert "s3cret" not in rest[0] and "jane" not in rest[0]


def test_a_model_that_no_machine_holds_is_named(tmp_path):
    content = with_value(("model", "n_layer"), 1000)
    content["model"] |= {"n_embd": 65_536, "n_head": 1024}
    assert "model: n_layer and n_embd make about" in problems(tmp_path, content)[1]


@pytest.mark.parametrize(
    "name", ["summaries", "index", "benchmark", "benchmarks", "none", "con", "nul", "com1", "a\n", "A", "../x", ""]
)
def test_names_that_would_meet_another_file_are_refused(tmp_path, name):
    content = copy.deepcopy(SHIPPED)
    content["collections"][name] = content["collections"]["philosophers"]
    assert any("collections." in line for line in problems(tmp_path, content)[1:])
