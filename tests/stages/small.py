"""A params.yaml and a model for tests of stages, small enough to take no time, and a record of what a stage records."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from tokenizers import Tokenizer

from poet.model.saving import save_model
from poet.params.model import ModelConfig
from poet.tracking.tracker import Tracker
from stages.tokenize import main as tokenize_main
from tests.clone import ROOT
from tests.tiny import tiny_model

COLLECTION = "mine"


def write_params(path: Path, prompts: list[str], **sections: dict[str, Any]) -> Path:
    """The shipped params.yaml at `path`, with the keys of `sections` changed, and a collection with `prompts`."""
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    sources = [{"kind": "folder", "path": "texts"}]
    params["collections"][COLLECTION] = {"title": "Mine", "sources": sources, "prompts": prompts}
    for section, values in sections.items():
        params[section] |= values
    yaml.dump(params, path)
    return path


def save_untrained(folder: Path, tokenizer: Path, config: ModelConfig) -> str:
    """Save a model with random weights for the tokenizer file `tokenizer`; returns its sha256."""
    model = tiny_model(config, Tokenizer.from_file(str(tokenizer)).get_vocab_size())
    weights = model.state_dict()
    return save_model(folder, model, best=weights, last=weights, tokenizer=tokenizer, data_sha256="0" * 64)


class Recorder(Tracker):
    """Keeps what a stage records. Takes the place of `poet.tracking.run.tracking`, whose arguments it keeps too."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.tables: dict[str, list[dict[str, Any]]] = {}
        self.files: list[Path] = []
        self.measured: dict[str, float] = {}
        self.settings: dict[str, Any] = {}
        self.learned: tuple[str, dict[str, int]] | None = None
        self.run: tuple[Any, ...] = ()

    @contextlib.contextmanager
    def __call__(self, root: Path, *run: str) -> Iterator[Tracker]:
        self.run = run
        yield self

    def text(self, path: str, text: str) -> None:
        self.texts[path] = text

    def table(self, path: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self.tables[path] = [dict(row) for row in rows]

    def file(self, path: Path) -> None:
        self.files.append(path)

    def params(self, **sections: Any) -> None:
        self.settings |= sections

    def dataset(self, sha256: str, profile: Mapping[str, int]) -> None:
        self.learned = sha256, dict(profile)

    def metrics(self, step: int, values: dict[str, float]) -> None:
        self.measured |= values


def tokenize_books(clean: Path, out: Path) -> None:
    """Run the stage tokenize, with a small vocabulary, on the folder of cleaned books `clean`."""
    params = write_params(clean.with_name("params.yaml"), ["The "], tokenize={"vocab_size": 400})
    options = ["--params", str(params), "--collection", COLLECTION, "--clean", str(clean), "--out", str(out)]
    # An error of the stage is raised, so that a test sees its message.
    tokenize_main.main(args=options, standalone_mode=False)
