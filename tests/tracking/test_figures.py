"""Which figures MLflow gets: few, with grouping names; and what else is in the record of a run, with a real store."""

import json
import re

import pytest
from markdown_it import MarkdownIt

from poet.params.decided import decided
from poet.params.dotted import flatten
from poet.params.model import model_settings
from poet.results.copying import EXCESS_AT, to_json
from poet.tracking.compare import COLUMNS
from poet.tracking.experiment_page import METRICS, NOTE_TAG, PARAMS, VIEW_TAG, experiment_tags, list_addresses
from poet.tracking.figures import FIGURES, TRAINING, figures, with_new_names
from poet.tracking.finished_runs import finished_runs
from poet.tracking.publishing import publish_all
from poet.tracking.run import tracking
from poet.tracking.run_page import fenced, run_note
from poet.tracking.spool import Ledger, write_ledger
from tests.recipes import MODEL, TRAIN
from tests.report.shelf import made_up_results
from tests.tracking.test_spool import runs

SIZES = {"n_layer": 2, "n_head": 2, "n_embd": 8, "sequence_len": 8}


def test_the_figures_are_few_and_grouped():
    names = {*TRAINING.values(), *(f"{result}/{name}" for result in FIGURES for name in FIGURES[result])}
    assert len(names) <= 17
    assert {name.split("/")[0] for name in names} == {"train", "validation", "speed", "evaluation", "copying"}


def test_mlflow_has_the_shares_at_the_length_at_which_results_are_compared():
    """The room of MLflow imports no results, so its names are written out; here they meet the constant."""
    names = {*TRAINING.values(), *(f"{result}/{name}" for result in FIGURES for name in FIGURES[result])}
    assert {*METRICS, *COLUMNS} <= names
    note = experiment_tags("shelf")[NOTE_TAG]
    written = " ".join((*names, *FIGURES["copying"].values(), note))
    assert {int(length) for length in re.findall(r"_at_(\d+)", written)} == {EXCESS_AT}
    assert f"{EXCESS_AT} or more characters" in note
    # Each place is one of copying.json.
    found = figures("copying", to_json(made_up_results().copying))
    assert {f"copying/{name}" for name in FIGURES["copying"]} - {*found} == {"copying/extractable_50"}, "not made up"


def test_figures_that_a_result_lacks_are_left_out():
    running = {"share_at_30": 0.5, "human": {"share_at_30": None}, "excess_at_30": None}
    content = {"running_text": running, "share_at_30": 0.75, "extractable": {"50": None}}
    assert figures("copying", content) == {"copying/share_at_30": 0.5}
    assert figures("evaluation", {"bits_per_character": 2.0, "held_out_books": None, "compressors": {}}) == {
        "evaluation/bits_per_character": 2.0
    }


def test_the_figures_of_old_runs_have_new_names_and_never_replace_new_ones():
    old = {"evaluation.held_out_books.bits_per_character": 2.5, "validation/loss": 3.0, "validation_loss": 4.0}
    renamed = with_new_names(old | {"copying.longest": 40.0})
    assert renamed["evaluation/held_out_bits_per_character"] == 2.5 and renamed["validation/loss"] == 3.0
    assert "copying/longest" not in renamed, "older runs counted names and headings, so they do not compare"


def test_what_a_preset_decides_is_recorded_and_nothing_is_none(client, tmp_path):
    for preset in ("modern", "classic"):
        recipe = decided(model_settings(preset, **SIZES), TRAIN, device="cpu", precision="float32")
        with tracking(tmp_path, "shelf", "train") as tracker:
            tracker.params(**recipe)
    modern, classic = (run.data.params for run in runs(client))
    differing = {key for key in modern if modern[key] != classic[key]}
    decides = ("norm", "positions", "activation", "qk_norm", "tied_head", "init", "softcap")
    assert {f"model.{key}" for key in decides} < differing
    assert (modern["model.norm"], classic["model.norm"], classic["model.n_kv_head"]) == ("rms", "layer", "2")
    assert modern["train.device"] == "cpu" and modern["train.optimizer.kind"] == "muon"
    assert not {"None", "auto"} & {*modern.values(), *classic.values()}
    assert "model.yoke" not in modern


def test_tables_and_the_dataset_are_recorded_once_however_often_they_are_sent(client, tmp_path):
    with tracking(tmp_path, "shelf", "train") as tracker:
        tracker.dataset("ab" * 32, {"characters": 100, "tokens": 40})
        tracker.table("samples/by_step.json", [{"step": 1, "text": "To be"}, {"step": 2, "text": "or\nnot"}])
        tracker.tags({"poet.model_sha256": "abc"})
    with tracking(tmp_path, "shelf", "sample", "abc") as tracker:
        tracker.table("samples/final.json", [{"sample": 0, "text": "|x"}])
        tracker.table("samples/none.json", [])
    for spool in (tmp_path / ".poet" / "spool").glob("*.jsonl"):
        write_ledger(spool, Ledger(run_id=runs(client)[0].info.run_id))
    assert publish_all(tmp_path).failed == 0
    (run,) = runs(client)
    tables = [entry["path"] for entry in json.loads(run.data.tags["mlflow.loggedArtifacts"])]
    assert sorted(tables) == ["samples/by_step.json", "samples/final.json", "samples/none.json"]
    table = json.loads((tmp_path / "mlartifacts" / "shelf" / run.info.run_id / "artifacts" / tables[0]).read_text())
    assert table == {"columns": ["step", "text"], "data": [[1, "To be"], [2, "or\nnot"]]}
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.dataset.name == "shelf" and dataset.dataset.digest == "ab" * 8
    assert json.loads(dataset.dataset.source)["sha256"] == "ab" * 32
    assert json.loads(dataset.dataset.profile) == {"characters": 100, "tokens": 40}


TEXT = {"sha256": "ab" * 32, "characters": 100, "tokens": 40, "books": [{"name": "one"}, {"name": "two"}]}


def test_the_run_of_a_model_from_files_compares_with_a_trained_one_that_stays_as_it_was(client, tmp_path):
    with tracking(tmp_path, "shelf", "train") as tracker:
        tracker.learns_from(TEXT)
        tracker.params(split={"validation": 0.1})
        tracker.tags({"poet.model_sha256": "abc"})
    # The model def comes from a teammate. The other values for abc must neither be taken nor hold its record up.
    for digest, text, validation in (("def", TEXT, 0.1), ("abc", TEXT | {"sha256": "cd" * 32, "characters": 9}, 0.2)):
        for _ in range(2):
            with tracking(tmp_path, "shelf", "evaluate", digest) as tracker:
                tracker.learns_from(text)
                tracker.params(split={"validation": validation, "held_out_books": []})
                tracker.metrics(0, {"evaluation/bits_per_character": 2.0})
    assert publish_all(tmp_path).failed == 0
    assert [len(run.inputs.dataset_inputs) for run in runs(client)] == [1, 1]
    found = finished_runs(tmp_path, "shelf")
    wanted = ("2 books, 100 characters", "ab" * 8, {"split.validation": "0.1", "split.held_out_books": "[]"}, 2.0)
    assert [(one.text, one.data_sha256, one.params, one.bits_per_character) for one in found] == [wanted] * 2


@pytest.mark.parametrize(
    "text", ["```\n# out", "``` ````\u2028`````\n<script>", "\r```\r`" * 9, "", "a\x00\x1b[31m\n\n---"]
)
def test_no_sample_gets_out_of_its_block_in_the_note(text):
    note = run_note("It predicts unseen text.", text, "ab" * 32)
    assert note.startswith("It predicts unseen text.\n")
    kinds = [(token.type, token.content) for token in MarkdownIt().parse(note)]
    blocks = [content for kind, content in kinds if kind == "fence"]
    assert len(blocks) == 2 and blocks[1] == "poet runs reproduce abababab\n"
    assert [kind for kind, _ in kinds if kind.endswith("_open")] == ["paragraph_open"] * 3
    assert all(char == "\n" or char.isprintable() for char in blocks[0])


def test_blanks_and_joiners_of_other_scripts_stay_in_the_note():
    text = "春\u3000夏\u00a0! می\u200cخواهم क्\u200dष\u202e"
    assert fenced(text) == "```text\n春 夏 ! می\u200cخواهم क्\u200dष\n```"


def test_an_experiment_of_an_older_version_gets_its_note_and_columns_and_keeps_a_persons_words(client, tmp_path):
    for name, note in (("shelf", ""), ("own", "Mine.")):
        experiment = client.create_experiment(name, tags={"mlflow.note.content": note} if note else {})
        with tracking(tmp_path, name, "train") as tracker:
            tracker.metrics(1, {"train/loss": 1.0})
        tags = client.get_experiment(experiment).tags
        assert "evaluation/bits_per_character" in json.loads(tags["mlflow.sharedViewState.poet"])["selectedColumns"][0]
        assert tags["mlflow.experimentKind"] == "custom_model_development"
        assert tags["mlflow.note.content"] == note or "Look at" in tags["mlflow.note.content"]


def test_experiments_of_other_people_in_a_shared_database_are_left_alone(client, tmp_path):
    for name in ("theirs", "old", "planned", "seen"):
        client.create_experiment(name, tags={VIEW_TAG: "{}"} if name == "seen" else {})
    client.create_run(client.get_experiment_by_name("theirs").experiment_id, tags={"team": "other"})
    client.create_run(client.get_experiment_by_name("old").experiment_id, tags={"poet.collection": "old"})
    assert {*list_addresses(client, ["planned"])} == {"old", "planned", "seen"}
    tags = {one.name: one.tags for one in client.search_experiments()}
    assert {name for name, own in tags.items() if NOTE_TAG in own} == {"old", "planned", "seen"}
    assert not [key for name in ("theirs", "Default") for key in tags[name] if key.startswith("mlflow.")]


def test_every_column_of_the_list_is_recorded():
    recorded = {*TRAINING.values(), *(f"{result}/{name}" for result in FIGURES for name in FIGURES[result])}
    assert recorded >= {*METRICS}
    assert flatten(**decided(MODEL, TRAIN)).keys() >= {name for name in PARAMS if not name.startswith("tokenize")}
