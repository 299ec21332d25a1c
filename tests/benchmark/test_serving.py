"""The measurement of the engine counts what its readers read, and finds the texts of `generate`."""

import pytest
from click.testing import CliRunner

from poet.benchmark import serving
from poet.benchmark.serving import Load, Served, differing_texts, serve, table, yardstick
from poet.serve.answers import open_poet
from tests.serve.small import small_model


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return small_model(tmp_path_factory.mktemp("serving") / "small")


@pytest.mark.parametrize("long_prompts", [False, True])
def test_readers_are_served(folders, long_prompts):
    poet = open_poet(*folders, min_length=4)
    load = Load(readers=3, trace=True, alternatives=2, long_prompts=long_prompts)
    served = serve(poet, load, seconds=0.4, threads=1)
    assert served.load == load and served.tokens_per_second > 0
    assert 0 < served.first_token <= served.first_token_95 and served.longest_gap > 0
    assert yardstick(poet, seconds=0.1) > 0


def test_texts_are_compared_with_those_of_generate(folders):
    poet = open_poet(*folders, min_length=4)
    differing, tokens = differing_texts(poet, 2)
    assert differing == 0 and tokens == 600


def test_the_table_says_how_many_times_one_reader_it_is():
    one, more = (Load(readers=readers, trace=False, alternatives=0) for readers in (1, 16))
    figures = {"first_token": 2.0, "first_token_95": 3.0, "longest_gap": 9.4}
    lines = table([
        Served(load=one, tokens_per_second=500, **figures),
        Served(load=more, tokens_per_second=3000, **figures),
    ])
    assert lines[-1] == "| 16 | no | 0 | a line | 3,000 | 6.0 | 2.0 ms | 3.0 ms | 9 ms |"


def test_the_command_prints_the_table(folders, monkeypatch, tmp_path):
    monkeypatch.setattr(serving, "LOADS", serving.LOADS[:2])
    model, index = folders
    options = ["--model", str(model), "--index", str(index), "--seconds", "0.5", "--out", str(tmp_path / "out.json")]
    result = CliRunner().invoke(serving.main, options)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("generate, one text: ") and "| 4 | no |" in result.output
    assert (tmp_path / "out.json").is_file()
