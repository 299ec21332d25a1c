"""A project whose collection is built, made without its pipeline, and `poet` run in it."""

import dataclasses
import json
import shutil
from pathlib import Path

from click.testing import CliRunner
from ruamel.yaml import YAML

from poet.cli import main
from poet.cli.export_record import dvc_hash
from poet.files import sha256, write_json
from poet.params.model import ModelConfig
from poet.report.collection_page import summarize
from poet.report.summary import write_summary
from poet.results.copying import write_copying
from poet.results.evaluation import write_result
from poet.tokenizers.kinds import train_tokenizer
from tests.recipes import CHAR
from tests.report.shelf import made_up_results
from tests.stages.shelf import write_clean
from tests.stages.small import COLLECTION, save_untrained, write_params
from tests.texts import babble

BOOK = babble(1, 2000)


def build_project(folder):
    """A project in `folder` whose collection has a book and an untrained model."""
    (folder / "dvc.yaml").write_text("", encoding="utf-8")
    write_params(folder / "params.yaml", ["The "])
    train_tokenizer([BOOK], CHAR).save(str(folder / "tokenizer.json"))
    config = ModelConfig(n_layer=1, n_head=1, n_embd=16, sequence_len=16)
    save_untrained(folder / "models" / COLLECTION, folder / "tokenizer.json", config)
    write_clean(folder / "data" / "clean" / COLLECTION, {"one": BOOK})


def invoke(*arguments):
    result = CliRunner().invoke(main, [*map(str, arguments)])
    return result.exit_code, result.output


def export_folder(out, *more):
    code, output = invoke("export", "--collection", COLLECTION, "--format", "hf", "--out", out, *more)
    assert code == 0 and output.startswith(f"{out} ("), output
    return (out / "README.md").read_text(encoding="utf-8")


def write_results(model_sha256, picked=None):
    """Results of a model, as the stages leave them; only the summary says of which."""
    results = made_up_results()
    results = dataclasses.replace(results, training=dataclasses.replace(results.training, picked=picked or {}))
    folder = Path("reports") / COLLECTION
    write_result(folder / "train.json", results.training)
    write_result(folder / "evaluation.json", results.evaluation)
    write_copying(folder / "copying.json", results.copying)
    write_summary(Path("reports") / "summaries" / f"{COLLECTION}.json", summarize(results, model_sha256))


def write_tokens(train_sha256):
    """The description of the tokens of the collection; of the model of the tests, the hash is all zeros."""
    folder = Path("data") / "tokens" / COLLECTION
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy("tokenizer.json", folder)
    splits = {split: {"sha256": train_sha256} for split in ("train", "val", "held_out")}
    about = {"dtype": "uint16", "kind": "char", "vocab_size": 400, "separator": 0, "splits": splits}
    write_json(folder / "meta.json", about | {"tokenizer_sha256": sha256(folder / "tokenizer.json")})


def write_lock(changes=None):
    """dvc.lock as DVC leaves it, with the sections of params.yaml; `changes` are others in them."""
    params = json.loads(json.dumps(YAML(typ="safe").load(Path("params.yaml"))))
    for section, values in (changes or {}).items():
        params[section] |= values
    places = [f"data/clean/{COLLECTION}", f"data/tokens/{COLLECTION}", f"models/{COLLECTION}"]
    hashes = ["c.dir", "t.dir", dvc_hash(Path("models") / COLLECTION)]
    stages, read = {}, []
    sections = (("clean",), ("split", "tokenize"), ("model", "train"))
    for stage, names, path, digest in zip(("clean", "tokenize", "train"), sections, places, hashes, strict=True):
        known = {name: params[name] for name in names} | {
            "collections.mine": {"sources": [{"path": "/home/me/diaries"}]}
        }
        written = [{"path": path, "md5": digest, "hash": "md5"}]
        stages[f"{stage}@{COLLECTION}"] = {"deps": read, "outs": written, "params": {"params.yaml": known}}
        read = written
    lock = {"schema": "2.0", "stages": stages}
    Path("dvc.lock").write_text(json.dumps(lock), encoding="utf-8")
    return lock
