"""The attribute stage: every sample's verbatim passages with their sources, and the copying metrics."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poet.attribution.index import open_index
from poet.attribution.spans import attribution_row
from poet.books.split import split_books
from poet.files import read_json, read_json_lines, write_json, write_json_lines
from poet.metrics.copying import copying_metrics, cut_like
from poet.params.sections import AttributeSettings, SplitSettings
from poet.progress import progress_bar

# Held-out passages per sample: more than one, because a mean over a few dozen passages wavers.
HUMAN_PER_SAMPLE = 4


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The files and folders that are read; `extractable` is what evaluation found that the model gives away."""

    samples: Path
    index: Path
    clean: Path
    extractable: Path


def attribute(
    inputs: Inputs, split: SplitSettings, settings: AttributeSettings, *, out: Path, metrics: Path
) -> dict[str, Any]:
    """Trace the samples to the books; writes attribution.jsonl and copying.json, returns the latter."""
    index = open_index(inputs.index)
    rows, attributed = read_json_lines(inputs.samples), []
    with progress_bar("attribute", len(rows)) as advance:
        for row in rows:
            attributed.append(attribution_row(index, row["sample"], row["text"], settings.min_length))
            advance()
    write_json_lines(out, attributed)
    texts = [row["text"] for row in rows]
    unseen = [part for book in split_books(inputs.clean, split) if (part := book.validation + book.held_out)]
    human = cut_like(unseen, [len(text) for text in texts for _ in range(HUMAN_PER_SAMPLE)])
    copying = copying_metrics(index, texts, human, [row["temperature"] for row in rows])
    copying["extractable"] = read_json(inputs.extractable)
    write_json(metrics, copying)
    return copying
