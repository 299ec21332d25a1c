"""Runs beside each other: which are comparable, in what they differ, by which names MLflow holds their figures."""

import dataclasses

from poet.params.dotted import flatten
from poet.report.parameter_words import PARAMETERS
from poet.report.runs import MOST_COLUMNS, MOST_GROUPS, compare_runs, difference
from tests.report.shelf import a_run, shipped_params


def heads(group):
    return [column.head for column in group.table.columns]


def column(group, head):
    """The texts of a column by the name of the run."""
    at = heads(group).index(head)
    return {row.name: row.cells[at].text for row in group.table.rows}


def test_runs_are_compared_by_what_differs():
    same = {"train.seed": "1", "train.steps": "5"}
    one = a_run("one", 2.0, **same)
    two = a_run("two", 1.5, **same | {"train.steps": "9", "model.n_layer": "2", "model.yoke": "None"})
    unfinished = a_run("three", None, **{"train.seed": "7"})
    compared = compare_runs([one, unfinished, two], "one", 20)
    (group,) = compared.groups
    assert (compared.evaluated, compared.left_out) == (2, 0)
    assert [(row.name, row.marked) for row in group.table.rows] == [("two", False), ("one", True)]
    assert heads(group) == ["bits per character", "layers", "steps", "day"], "no column that says nothing"
    assert column(group, "steps") == {"two": "9", "one": "5"} and column(group, "layers") == {"two": "2", "one": "–"}


def test_figures_have_their_names_in_mlflow():
    wanted = {"bits per character": "1.500", "on held-out books": "2.500", "copied": "25.0 %", "longest copy": "40"}
    run = a_run("one", 1.5)
    run.metrics.update({"evaluation/held_out_bits_per_character": 2.5, "copying/longest": 40.0})
    copying = {"share_at_30": 0.25, "excess_at_30": 0.125, "excess_at_30_low": -0.0625, "excess_at_30_high": 0.25}
    run.metrics.update({f"copying/{key}": value for key, value in copying.items()})
    (group,) = compare_runs([run, a_run("two", 3.0)], "", 20).groups
    for head, text in wanted.items():
        assert column(group, head)["one"].replace("\N{NO-BREAK SPACE}", " ") == text
        assert column(group, head)["two"] == ("3.000" if head == "bits per character" else "–")
    cell = group.table.rows[0].cells[heads(group).index("more than the authors")]
    assert (cell.text, cell.order, cell.note) == ("+12.5", 0.125, "−6.2 to +25.0")


def test_only_runs_with_the_same_text_and_split_are_comparable():
    split = {"split.validation": "0.1", "tokenize.kind": "bpe"}
    same = dataclasses.replace(a_run("same", 2.0, **split | {"tokenize.kind": "char"}), text="3 books")
    reported = dataclasses.replace(a_run("reported", 2.5, **split), text="3 books")
    fewer = dataclasses.replace(a_run("fewer", 1.0, **split), text="2 books")
    other = dataclasses.replace(a_run("other", 1.1, **split | {"split.validation": "0.2"}), text="3 books")
    first, *others = compare_runs([same, reported, fewer, other], "reported", 20).groups
    assert [row.name for row in first.table.rows] == ["same", "reported"], "whatever the kind of tokens"
    assert first.differs == "" and column(first, "tokens") == {"same": "char", "reported": "bpe"}
    assert [(row.name, group.differs) for group in others for row in group.table.rows] == [
        ("fewer", "books: 2 books instead of 3 books"),
        ("other", "kept out: 0.2 instead of 0.1"),
    ]


def test_older_runs_are_told_apart_by_what_they_were_tested_on():
    runs = [a_run(str(number), 2.0 + number) for number in range(3)]
    for run, characters in zip(runs, (900, 900, 800), strict=True):
        run.metrics["evaluation.characters"] = characters
    first, second = compare_runs(runs, "0", 20).groups
    assert len(first.table.rows) == 2
    assert second.differs == "books: tested on 800 characters instead of tested on 900 characters"
    assert difference(("books=3 books",), ("books=3 books", "split.x=1")) == "split.x: not recorded instead of 1"


def test_the_reported_run_is_shown_however_bad_it_is():
    many = [a_run(str(i), 1 + i, **{"train.seed": str(i)}) for i in range(99)]
    compared = compare_runs(many, "50", 20)
    assert [row.name for row in compared.groups[0].table.rows] == [*map(str, range(20)), "50"]
    assert (compared.evaluated, compared.left_out) == (99, 78)


def test_many_groups_are_counted_not_listed():
    runs = [dataclasses.replace(a_run(str(i), 1.0 + i), text=f"{i} books") for i in range(9)]
    compared = compare_runs(runs, "8", 20)
    assert len(compared.groups) == MOST_GROUPS + 1 and compared.left_out == 8 - MOST_GROUPS
    assert compared.groups[0].table.rows[0].name == "8"


def test_parameters_beyond_the_columns_stand_together():
    keys = [key for key in PARAMETERS if key.startswith("model.")][: MOST_COLUMNS + 2]
    runs = [a_run(str(i), 1.0 + i, **{key: str(min(i, at + 1)) for at, key in enumerate(keys)}) for i in range(9)]
    (group,) = compare_runs(runs, "", 20).groups
    assert len(heads(group)) == 1 + MOST_COLUMNS + 2
    assert column(group, "also different")["3"] == "layers 2, family 1", "those with the fewest values"


def test_nothing_private_is_shown():
    runs = [a_run(str(i), 1.0 + i, **{"collections.own.sources": f"/secret{i}", "clean.x": str(i)}) for i in range(2)]
    assert heads(compare_runs(runs, "", 20).groups[0]) == ["bits per character", "day"]


def test_every_parameter_has_plain_words():
    """A parameter that is new in params.yaml needs a head and a line here; one that is gone is forgotten here too."""
    sections = {key: getattr(shipped_params(), key) for key in ("model", "tokenize", "train", "split")}
    assert set(PARAMETERS) == set(flatten(**sections))
    assert len({words.head for words in PARAMETERS.values()}) == len(PARAMETERS), "no two columns with the same head"
    assert all(words.meaning and not words.meaning.endswith(".") for words in PARAMETERS.values())
