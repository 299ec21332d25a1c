"""The command finds its project from any folder below it, needs none where an option names all it reads, and answers a
mistake with the command that helps, before it loads torch.
"""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from poet.attribution.build_index import index_books
from poet.cli import SECTIONS, main
from poet.terminal import printable
from poet.tokenizers.kinds import train_tokenizer
from tests.clone import ENVIRONMENT, ROOT
from tests.recipes import sizes
from tests.stages.small import save_untrained
from tests.tiny import CONFIG

# What takes a second to import, and no person waits for who only made a mistake or pressed the tabulator key.
HEAVY = ("torch", "mlflow", "sklearn")

# What a shell runs when the tabulator key is pressed.
START = "from poet.cli import main\ntry:\n"
COMPLETE = f"{START}    main(prog_name='poet')\nexcept SystemExit:\n    pass"


@pytest.fixture
def below(tmp_path, monkeypatch):
    """A folder deep in a project whose collection `mine` has one text."""
    yaml = YAML()
    content = yaml.load(ROOT / "params.yaml")
    content["collections"]["mine"] = {"title": "Mine", "sources": [{"kind": "folder", "path": "data/own/mine"}]}
    content["build"] = ["mine"]
    project = tmp_path / "project"
    folder = project / "data" / "own" / "mine"
    folder.mkdir(parents=True)
    (folder / "A Winter.txt").write_text("It was cold. " * 100, encoding="utf-8")
    (project / "dvc.yaml").touch()
    yaml.dump(content, project / "params.yaml")
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def model(tmp_path):
    """The folder of a model that was not trained."""
    tokenizer = train_tokenizer(["some words to begin with"], sizes("byte"))
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    save_untrained(tmp_path / "model", tmp_path / "tokenizer.json", CONFIG)
    return tmp_path / "model"


def run(*words):
    return CliRunner().invoke(main, [*words], catch_exceptions=False)


def in_a_process(code, folder, **variables):
    """The result of Python's `code`, and the heavy modules that it loaded."""
    code += f"\nprint([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    environment = ENVIRONMENT | {"PYTHONPATH": str(ROOT), **variables}
    result = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}"], cwd=folder, env=environment, capture_output=True, text=True
    )
    return result, result.stderr.splitlines()[-1]


def test_the_project_is_found_from_any_folder_below_it(below):
    checked = run("check")
    assert checked.exit_code == 0, checked.output
    assert "it builds mine" in checked.output and "mine: data/own/mine: 1 of 1 file used" in checked.output
    shown = run("collection", "show", "mine")
    assert "a-winter" in shown.output, shown.output
    index_books([("a", "the worst of times it was")], below.parents[2] / "data/index/mine")
    (below / "poem.txt").write_text("the worst of times", encoding="utf-8")
    traced = run("attribute", "poem.txt", "--json", "--min-length", "5")
    assert traced.exit_code == 0 and len(json.loads(traced.output)["spans"]) == 1, traced.output
    missing = run("generate", "x")
    assert "../../../models/mine does not exist" in missing.output


def test_what_an_option_names_needs_no_project(tmp_path, model, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written = run("generate", "To ", "--model", str(model), "--tokens", "5")
    assert written.exit_code == 0 and written.output.startswith("To "), written.output
    index_books([("a", "the worst of times it was")], tmp_path / "index")
    (tmp_path / "poem.txt").write_text("the worst of times", encoding="utf-8")
    traced = run("attribute", "poem.txt", "--index", "index")
    assert traced.exit_code == 0 and "the worst of times[1]" in traced.output, traced.output
    guarded = run("generate", "To ", "--model", str(model), "--tokens", "5", "--index", "index", "--max-copy", "4")
    assert guarded.exit_code == 0, guarded.output
    cut = run("tokens", "To", "--tokenizer", str(model / "tokenizer.json"))
    assert cut.exit_code == 0 and "2 characters, 2 tokens" in cut.output, cut.output


@pytest.mark.parametrize(
    "words",
    [
        ["generate", "x"],
        ["generate", "x", "--max-copy", "9"],
        ["attribute", "--samples"],
        ["attribute", "A Winter.txt"],
        ["tokens", "x"],
        ["tokenizers"],
    ],
    ids=lambda words: " ".join(words),
)
def test_an_unbuilt_collection_gets_the_command_that_builds_it(below, words):
    other = run(*words, "--collection", "women_writers")
    assert other.exit_code == 1
    assert "women_writers is not built. Build it with:\n  dvc exp run -S 'build=[women_writers]'\n" in other.output
    assert run(*words).output.endswith("mine is not built. Build it with:\n  dvc repro\n")


@pytest.mark.parametrize(
    ("name", "help_text"), [("philosphers", "(did you mean 'philosophers'?)"), ("philosophers", "dvc exp run -S")]
)
def test_a_mistake_is_answered_before_torch_is_loaded(below, name, help_text):
    words = ["generate", "x", "--collection", name]
    result, heavy = in_a_process(
        f"{START}    main({words})\nexcept SystemExit as end:\n    assert end.code == 1", below
    )
    assert help_text in result.stderr and heavy == "[]", result.stderr


@pytest.mark.parametrize("words", ["generate x --collection phil", "collection show phil"])
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_the_names_of_collections(below, shell, words):
    variables = {"_POET_COMPLETE": f"{shell}_complete", "COMP_WORDS": f"poet {words}"}
    variables["COMP_CWORD"] = words.split()[-1] if shell == "fish" else str(len(words.split()))
    result, heavy = in_a_process(COMPLETE, below, **variables)
    found = [word for word in result.stdout.replace(",", "\n").splitlines() if word.startswith("phil")]
    assert found == ["philosophers", "philosophers_plato"], result.stdout + result.stderr
    assert heavy == "[]"


def test_completion_is_silent_where_there_is_no_project(tmp_path):
    variables = {"_POET_COMPLETE": "bash_complete", "COMP_WORDS": "poet collection show p", "COMP_CWORD": "3"}
    result, _ = in_a_process(COMPLETE, tmp_path, **variables)
    assert (result.stdout.strip(), result.stderr) == ("", "[]\n")


def test_the_list_of_commands_fits_a_terminal():
    """Every command has a short line in a section, and none of the lines is cut."""
    lines = {name: line for section in SECTIONS.values() for name, line in section.items()}
    assert set(main.commands) <= set(lines) and set(lines) - set(main.commands) <= {"runs"}
    assert max(map(len, lines.values())) <= 55
    for words in ([], ["collection"]):
        printed = run(*words, "--help").output.splitlines()
        assert max(map(len, printed)) <= 80 and not any(line.endswith("...") for line in printed[1:])
    text = run("--help").output
    places = [text.index(f"\n{section}:") for section in SECTIONS]
    assert places == sorted(places) and list(SECTIONS) == ["Books", "Model", "Copying", "Project"]


def test_data_is_json_where_a_program_asks(below, model):
    written = run("generate", "To ", "--model", str(model), "--tokens", "5", "--samples", "2", "--json")
    rows = [json.loads(line) for line in written.output.splitlines()]
    assert [row["seed"] for row in rows] == [1, 2] and rows[0]["prompt"] == "To "
    keys = "sample prompt text temperature top_k top_p min_p repetition_penalty max_copy seed tokens"
    assert list(rows[0]) == keys.split()
    plain = run("generate", "To ", "--model", str(model), "--tokens", "5")
    assert plain.output == printable(f"To {rows[0]['text']}\n")
    cut = json.loads(run("tokens", "é", "--tokenizer", str(model / "tokenizer.json"), "--json").output)
    assert [token["text"] for token in cut] == ["‹C3›", "‹A9›"]
    shown = json.loads(run("collection", "show", "mine", "--json").output)
    assert (shown["title"], shown["sources"][0]["path"]) == ("Mine", "data/own/mine")
    found = json.loads(run("doctor", "--device", "cpu", "--json").output)
    assert len(found) == 12 and {"check", "precision", "difference", "allowed", "device", "ok"} <= set(found[0])
