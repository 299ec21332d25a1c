"""The pages of docs/ for people who use the project: their commands are run, their links and tables are right."""

import dataclasses
import re

import pytest
from ruamel.yaml import YAML

from poet.cleaning.formats.table import folder_suffixes
from poet.params.file import load_params
from poet.params.model import PRESETS, ModelConfig
from poet.sources.kinds import SOURCES
from poet.tokenizers.kinds import KINDS
from tests.attribution.shelf import indexed
from tests.clone import ROOT
from tests.test_documents import named_paths
from tests.test_readme import commands, run_nowhere

NAMES = (
    *(
        "collections",
        "tokenizers",
        "training",
        "attribution",
        "extending",
        "how-it-works",
        "exports",
        "index",
        "install",
    ),
    *("copying", "sampling", "scaling", "serving"),
)
PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in NAMES}
CODE = ("poet/", "stages/", "tests/")


def table(page: str, first: str) -> list[list[str]]:
    """The cells of the rows below the table's head that begins with the cell `first`."""
    rows = re.search(rf"^\| {re.escape(first)} \|.*\n\|[-:| ]+\|\n((?:\|.*\n)+)", PAGES[page], re.MULTILINE)[1]
    return [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in rows.splitlines()]


def anchors(text: str) -> set[str]:
    """What links to headings of a page are called, as code hosts and site builders make them."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_run_somewhere(name):
    assert run_nowhere(PAGES[name]) == []
    assert commands(PAGES[name])


@pytest.mark.parametrize("name", NAMES)
def test_every_file_that_is_named_exists(name):
    named = named_paths(PAGES[name])
    assert {path for path in named if path.startswith(CODE) and not (ROOT / path).exists()} == set()


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_to_a_file_and_a_heading(name):
    for target in re.findall(r"\]\(([^)]+)\)", PAGES[name]):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = ROOT / "docs" / path
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), target


def test_the_presets_are_those_of_the_code():
    defaults = {field.name: field.default for field in dataclasses.fields(ModelConfig)}
    rows = table("training", "key")
    assert {key.strip("`") for key, *_ in rows} == set(PRESETS["classic"])
    for key, modern, classic, _ in rows:
        name = key.strip("`")
        for told, value in ((modern, defaults[name]), (classic, PRESETS["classic"][name])):
            assert told == str(value).lower(), key
    others = set(defaults) - set(PRESETS["classic"])
    assert {name for name in others if f"`{name}`" not in PAGES["training"]} == set()


def test_the_kinds_and_settings_of_tokenizers_are_those_of_the_recipe():
    assert [row[0].strip("`") for row in table("tokenizers", "kind")] == list(KINDS)
    recipe = dataclasses.asdict(load_params(ROOT / "params.yaml").tokenize)
    told = {key.strip("`"): default.strip("`").replace(",", "") for key, default, _ in table("tokenizers", "key")}
    assert told == {key: str(value) for key, value in recipe.items()}


def test_a_collection_as_the_page_writes_it_is_read(tmp_path):
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGES["collections"], re.DOTALL)
    yaml = YAML()
    recipe = yaml.load(ROOT / "params.yaml") | yaml.load(block)
    with (tmp_path / "params.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(dict(recipe), file)
    collection = load_params(tmp_path / "params.yaml").collection("mine")
    assert len(collection.sources) == 2 and collection.weights


def test_sources_and_formats_are_those_of_the_code():
    told = {row[0].strip("`"): row[2] for row in table("collections", "`kind`")}
    assert len(told) == len(SOURCES)
    for settings in SOURCES:
        fields = {field.name for field in dataclasses.fields(settings)}
        kind = settings.__name__.removesuffix("Source").lower()
        assert set(re.findall(r"`(\w+)`", told[kind])) == fields - {"kind", "encoding"}
    formats = re.search(r"^\| read \| (.*) \|$", PAGES["collections"], re.MULTILINE)[1]
    assert set(re.findall(r"`(\.\w+)`", formats)) == set(folder_suffixes())


LINE = "to be or not to be"


def test_the_suffix_array_of_the_page_is_that_of_the_index():
    (shard,) = indexed({"line": LINE}).exact
    rows = table("attribution", "rank")
    # The last suffix is the boundary behind the book.
    assert [int(place) for _, place, _ in rows] == shard.suffixes.tolist()[:-1]
    for rank, (told, place, suffix) in enumerate(rows):
        assert int(told) == rank and suffix.strip("`").replace("·", " ") == LINE[int(place) :]


def test_the_search_of_the_page_is_a_binary_search_and_finds_what_the_index_finds():
    (shard,) = indexed({"line": LINE}).exact
    passage, low, high = b"be", 0, len(LINE)
    rows = table("attribution", "step")
    for number, (step, left, middle, before, dropped) in enumerate(rows, start=1):
        assert int(step) == number and left == f"{low} to {high - 1}"
        rank = (low + high) // 2
        suffix = LINE[int(shard.suffixes[rank]) :]
        assert middle == f"{rank}: `{suffix.replace(' ', '·')}`"
        comes_before = suffix.encode()[: len(passage)] < passage
        assert before == ("yes" if comes_before else "no")
        assert dropped == (f"{low} to {rank}" if comes_before else f"{rank} to {high - 1}")
        low, high = (rank + 1, high) if comes_before else (low, rank)
    assert low == high
    assert shard.interval(passage) == (low, 7) == (5, 7)
    assert sorted(shard.suffixes[5:7].tolist()) == [3, 16]
