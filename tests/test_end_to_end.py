"""The whole pipeline in a clean clone, run by DVC as a user runs it, with small parameters: files, MLflow, sharing."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient
from safetensors.numpy import load_file

from poet.tracking.figures import TRAINING
from tests.clone import clone, sh
from tests.texts import babble


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file that the pipeline made, but for the timings."""
    made = [path for top in ("data", "models", "reports") for path in (folder / top).rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in made}


def test_every_file_of_the_design_is_there_with_its_keys(built):
    report = built / "reports" / "shakespeare"
    columns = "step tokens train_loss validation_loss bits_per_character learning_rate gradient_norm"
    assert list(pd.read_csv(report / "history.csv")) == columns.split()
    columns = "step seconds tokens_per_second utilization matmul_flops_per_second"
    assert list(pd.read_csv(report / "timing.csv")) == columns.split()
    raw = "book title author language source file bytes sha256".split()
    assert list(pd.read_csv(built / "data/raw/shakespeare/manifest.csv")) == raw
    assert list(pd.read_csv(built / "data/clean/shakespeare/manifest.csv"))[:11] == [
        *raw,
        *"characters removed_characters flags".split(),
    ]
    evaluation = json.loads((report / "evaluation.json").read_text(encoding="utf-8"))
    keys = {"bits_per_character", "bits_per_byte", "loss", "perplexity", "characters", "tokens"}
    keys |= {"spelling_bits_per_character"}
    assert keys <= evaluation.keys() and keys == evaluation["held_out_books"].keys()
    samples = [json.loads(line) for line in (report / "samples.jsonl").read_text(encoding="utf-8").splitlines()]
    assert set(samples[0]) >= {"sample", "prompt", "text", "temperature", "top_k", "seed", "tokens"}
    assert len(samples) == 3 * 2
    copying = json.loads((report / "copying.json").read_text(encoding="utf-8"))
    shares = {"share_at_10", "share_at_20", "share_at_30", "share_at_50", "share_at_100", "longest"}
    assert shares <= copying.keys() and shares <= copying["human"].keys() and "excess_at_30" in copying
    [benchmark] = json.loads((built / "reports" / "benchmark.json").read_text(encoding="utf-8")).values()
    assert {"model", "device", "precision", "compiled", "threads", "training", "generation"} <= benchmark["rows"][
        0
    ].keys()
    assert {row["device"].partition(":")[0] for row in benchmark["rows"]} == {"cpu", "cuda", "mps"}
    assert load_file(built / "models/shakespeare/model.safetensors")


def test_attributed_passages_stand_where_the_file_says(built):
    report = built / "reports" / "shakespeare"

    def read(name):
        return [json.loads(line) for line in (report / name).read_text(encoding="utf-8").splitlines()]

    spans_of = {row["sample"]: row["spans"] for row in read("attribution.jsonl")}
    checked = 0
    for sample in read("samples.jsonl"):
        for span in spans_of[sample["sample"]]:
            passage = sample["text"][span["start"] : span["end"]]
            assert len(passage) >= 6
            for source in span["sources"]:
                book = (built / "data/clean/shakespeare" / f"{source['book']}.txt").read_text(encoding="utf-8")
                assert book[source["start"] :].startswith(passage)
                checked += 1
    assert checked > 10


def test_a_second_repro_runs_nothing(built):
    before = snapshot(built)
    assert "Running stage" not in sh("dvc repro", built)
    assert snapshot(built) == before


def test_git_shows_metrics_and_curves_and_nothing_large(built):
    untracked = sh("git status --porcelain --untracked-files=all", built).split()
    shown = {name for name in untracked if "/" in name}
    assert shown == {
        *(f"reports/shakespeare/{name}.csv" for name in ("history", "timing")),
        "reports/summaries/shakespeare.json",
    }


def test_mlflow_holds_parameters_losses_samples_and_the_report(built):
    client = MlflowClient(tracking_uri=f"sqlite:///{built}/mlflow.db")
    experiment = client.get_experiment_by_name("shakespeare")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["train.steps"] == "40" and run.data.params["model.n_embd"] == "32"
    tags = run.data.tags
    assert tags["poet.stage"] == "train@shakespeare"
    assert tags["poet.git_commit"] == sh("git rev-parse HEAD", built).strip()
    assert tags["poet.model_sha256"] == sh("sha256sum < models/shakespeare/model.safetensors", built).split()[0]
    history = pd.read_csv(built / "reports/shakespeare/history.csv")
    for key in ("train_loss", "learning_rate", "gradient_norm"):
        logged = {metric.step: metric.value for metric in client.get_metric_history(run.info.run_id, TRAINING[key])}
        assert logged == dict(zip(history["step"], history[key], strict=True))
    measured = history.dropna(subset=["validation_loss"])
    for key in ("validation_loss", "bits_per_character"):
        logged = {metric.step: metric.value for metric in client.get_metric_history(run.info.run_id, TRAINING[key])}
        assert logged == dict(zip(measured["step"], measured[key], strict=True))
    assert client.get_metric_history(run.info.run_id, "speed/tokens_per_second")
    assert {"evaluation/bits_per_character", "copying/share_at_30"} <= run.data.metrics.keys()
    assert len(run.data.metrics) <= 17
    artifacts = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert artifacts == {"samples", "index.html", "train.json", "evaluation.json", "copying.json"}
    samples = {item.path for item in client.list_artifacts(run.info.run_id, "samples")}
    names = ("step-000020.txt", "step-000040.txt", "by_step.json", "final.json")
    assert samples == {f"samples/{name}" for name in names}


def test_a_team_of_two_builds_once(built, tmp_path):
    """B pulls what A pushed and committed: no stage runs, and all files are equal."""
    one = tmp_path / "one"
    shutil.copytree(built, one, symlinks=True)
    sh(f"dvc remote add --default team {tmp_path}/store && git commit -qam 'Share'", one)
    sh("dvc push --run-cache", one)
    sh("git add -A && git commit -qm Results", one)
    sh(f"git clone -q {one} two", tmp_path)
    two = tmp_path / "two"
    sh("dvc pull --run-cache", two)
    assert "Running stage" not in sh("dvc repro", two)
    assert snapshot(two) == snapshot(one)


def test_an_experiment_changes_what_it_must_and_nothing_else(built, tmp_path):
    """`dvc exp run -S` on the sampling: the model is not trained again, and the report is new."""
    folder = tmp_path / "copy"
    shutil.copytree(built, folder, symlinks=True)
    printed = sh(
        "git add -A && git commit -qm Results && dvc exp run --name warm -S 'sample.temperatures=[1.3]'", folder
    )
    ran = [line.split("'")[1] for line in printed.splitlines() if line.startswith("Running stage")]
    assert ran == ["sample@shakespeare", "attribute@shakespeare", "report@shakespeare", "start_page"]
    said = re.sub(r"\s", " ", printed)
    assert re.search(r"samples of [\d,]+ characters, .* books and \d+ samples in reports/shakespeare/index.html", said)
    # The last that the stages say is what came of it all.
    assert re.search(
        r"shakespeare: [\d.]+ bits per character of unseen text, PPMd [\d.]+, xz [\d.]+ +copied: [\d.]+ % of .*, "
        r"the authors .* trained: 40 steps, [\d,]+ parameters, [\d,]+ s at [\d,]+ tokens/s +open reports/shakespeare/"
        r"poet.html, which writes, and reports/shakespeare/index.html; .*try: poet generate \S+ Updating lock file",
        said,
    )
    assert_comparisons_fit_a_screen(folder)


def assert_is_short(table: str, least: int = 2) -> None:
    lines = table.splitlines()
    assert least <= len(lines) < 10 and max(map(len, lines), default=0) <= 160, table


def assert_comparisons_fit_a_screen(folder: Path) -> None:
    """What the README names for comparing runs, in the project `folder` with the experiment "warm"."""
    table = sh("COLUMNS=160 dvc exp show --only-changed --drop '.+/[^:]+$' --no-pager", folder)
    # rich shortens what does not fit by an ellipsis. Figures that are the same in all runs are left out: so small a
    # model copies nothing at any temperature.
    assert "warm" in table and "sample.temperatures" in table
    assert "…" not in table and max(map(len, table.splitlines())) <= 160
    assert_is_short(sh("dvc metrics show", folder))
    assert_is_short(sh("dvc metrics diff HEAD", folder), least=0)
    assert_is_short(sh("dvc params diff HEAD", folder))
    sh("dvc plots diff HEAD warm", folder)
    page = (folder / "dvc_plots" / "index.html").read_text(encoding="utf-8")
    specs = [json.loads(spec) for spec in re.findall(r"var spec = (\{.*\});", page)]
    assert [spec["title"]["text"] for spec in specs] == [
        "shakespeare: what the training learned",
        "shakespeare: speed of the training",
    ]
    bits, loss = specs[0]["hconcat"]
    for chart, name in ((bits, "bits per character"), (loss, "loss (nats per token)")):
        assert (chart["encoding"]["x"]["title"], chart["encoding"]["y"]["title"]) == ("step", name)
        assert len(chart["encoding"]["color"]["scale"]["domain"]) == 2, "one line for each revision"
    # Most steps are not validated. An empty figure would be drawn as a zero.
    assert {"filter": "datum['bits_per_character'] !== ''"} in bits["transform"]
    assert {"filter": "datum.loss !== ''"} in loss["transform"]


def test_own_texts_become_a_collection(tmp_path):
    """As the README says: folders of texts, a few lines in params.yaml, `dvc repro`. One of the folders is private, and
    reached by a link, so that not even params.yaml names it.
    """
    folder = clone(tmp_path / "project")
    (folder / "data/own/mine").mkdir()
    (folder / "data/own/mine/Winter - A Founder - en.txt").write_text(babble(1, 20_000), encoding="utf-8")
    secret = tmp_path / "Zorblatt diaries"
    secret.mkdir()
    (secret / "Diary of Zorblatt - B. Zorblatt - en.txt").write_text(babble(2, 9_000), encoding="utf-8")
    (secret / "Zorblatt.xyz").touch()
    (folder / "data/own/closed").symlink_to(secret)
    params = (folder / "params.yaml").read_text(encoding="utf-8")
    mine = (
        "collections:\n  mine:\n    title: Mine\n    sources:\n      - kind: folder\n        path: data/own/mine\n"
        "      - kind: folder\n        path: data/own/closed\n        aliases: true\n"
    )
    (folder / "params.yaml").write_text(
        params.replace("collections:\n", mine).replace("  - shakespeare\n", "  - mine\n", 1), encoding="utf-8"
    )
    printed = sh("poet check && dvc exp run && git add -A && git commit -qm Mine", folder)
    page = (folder / "reports/mine/index.html").read_text(encoding="utf-8")
    assert "A Founder" in page and "2 of 3 files used" in page
    assert "data/own/" not in sh("git ls-files", folder).replace("data/own/README.md", ""), "private texts stay private"
    # What anyone can see: what git commits, DVC's lock, cache and run-cache, MLflow's database and artifacts.
    assert "zorblatt" not in (printed + sh("git show", folder)).casefold()
    files = [path for path in folder.rglob("*") if path.is_file() and "closed" not in path.parts]
    files = [path for path in files if not path.is_relative_to(folder / "tests")]  # this name stands in them
    assert {"dvc.lock", "mlflow.db", "removals.csv"} <= {path.name for path in files}
    assert not [path for path in files if b"zorblatt" in path.name.lower().encode() + path.read_bytes().lower()]
    # The pipeline notices that the private folder changed.
    (secret / "Second - B. Zorblatt - en.txt").write_text(babble(3, 900), encoding="utf-8")
    assert "data/own/closed has changed since the last check" in sh("poet check", folder)
    assert "changed" in sh("dvc status download@mine", folder).casefold()


@pytest.mark.parametrize(
    ("change", "message", "from_dvc"),
    [
        # DVC looks for the collection's parameters before it runs our stage.
        ("s/^  - shakespeare/  - shakspeare/", "did you mean 'shakespeare'", "'collections.shakspeare' are missing"),
        ("s/n_layer: 2/n_layer: two/", *2 * ("model.n_layer: should be a valid integer, got 'two'",)),
    ],
)
def test_a_mistake_in_params_is_one_message(tmp_path, change, message, from_dvc):
    folder = clone(tmp_path)
    sh(f"sed -i '{change}' params.yaml", folder)
    for command, expected in (("poet check", message), ("dvc repro", from_dvc)):
        printed = sh(command, folder, fails=True)
        assert expected in printed
        assert "Traceback" not in printed
