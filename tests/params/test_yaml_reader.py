"""A params.yaml that attacks its reader, or is merely odd: one clear message, at once."""

import io
import time

import pytest
from ruamel.yaml import YAML

from poet.errors import ConfigError
from poet.params.file import load_params
from poet.params.yaml_reader import MAX_DEPTH, read_yaml


def doubling(levels: int, width: int) -> str:
    """Aliases of aliases: level n stands for width^n values."""
    lines = (f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]\n" for i in range(1, levels))
    return "a0: &a0 [x]\n" + "".join(lines)


def merging(levels: int) -> str:
    """Merge keys of merge keys: the reader itself doubles the pairs at each level."""
    lines = (f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}], k{i}: 1}}\n" for i in range(1, levels))
    return "a0: &a0 {x: 1}\n" + "".join(lines)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (doubling(40, 9), "stands for more than"),
        (merging(40), "stands for more than"),
        ("build: &x [*x]", "contains itself"),
        ("build: &x {a: [1, *x]}", "contains itself"),
        ("build: " + "[" * 5000 + "]" * 5000, "deep in each other"),
        ("build: " + "{a: " * 5000 + "}" * 5000, "deep in each other"),
        ("build: " + "[" * 100_000, "deep in each other"),
        ("- " * 5000 + "1", "deep in each other"),
        ("\n".join(" " * i + "a:" for i in range(1000)), "deep in each other"),
        ("build: " + "x" * 1_000_001, "larger than 1,000,000 bytes"),
        ("build: " + "1" * 5000, "is not valid YAML"),
        ("build: 0x" + "f" * 5000, "is not valid YAML"),
        ("build: 2001-99-99", "is not valid YAML"),
        ("build: !!int x", "is not valid YAML"),
        ("build: *nothing", "is not valid YAML"),
        ("build: !!python/object:os.system x", "is not valid YAML"),
        ("build: a\0b", "is not valid YAML"),
        ("a: b\n---\na: c", "is not valid YAML"),
    ],
    ids=lambda value: value[:12],
)
def test_an_attack_ends_at_once_in_one_message(tmp_path, content, message):
    path = tmp_path / "params.yaml"
    path.write_text(content, encoding="utf-8")
    start = time.monotonic()
    with pytest.raises(ConfigError, match=message):
        load_params(path)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("content", [b"\xff\xfe", "a: é".encode("latin-1")])
def test_what_is_not_utf8_is_named(tmp_path, content):
    (tmp_path / "params.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load_params(tmp_path / "params.yaml")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_params(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        "build: [[a], {b: c}]",
        "? [a, b]\n: c",
        "2001-01-01: x\nnull: y\n1: z",
        'build: ["\\ud800"]',
        "build: [!!set {a, b}, !!binary aGk=, 2001-01-01, .inf, .nan]",
        "collections: 3\nbenchmark: {minutes: [3]}\ntokenize: [kind]\nmodel: {preset: [modern]}",
    ],
)
def test_odd_types_are_listed_like_any_mistake(tmp_path, content):
    path = tmp_path / "params.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match="problem"):
        load_params(path)


def test_honest_aliases_are_read(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("a: &ids [1, 2]\nb: {ids: *ids, more: &x {c: 1}}\nc: {<<: *x, d: [" + "1," * 500 + "2]}\n", "utf-8")
    content = YAML(typ="safe").load(io.StringIO(path.read_text(encoding="utf-8")))
    assert read_yaml(path) == content and content["c"]["c"] == 1
    path.write_text("a: " + "[" * (MAX_DEPTH - 2) + "]" * (MAX_DEPTH - 2), encoding="utf-8")
    assert "a" in read_yaml(path)
