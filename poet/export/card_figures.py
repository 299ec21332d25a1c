"""The sections of a model card with figures: how well the model predicts, and how much it copies."""

from dataclasses import dataclass

from poet.export.markdown import plain, table
from poet.report.verdict import NAMES, quality, repetition
from poet.report.words import excess_in_words, figure, share, whole
from poet.results.copying import EXCESS_AT, LENGTHS, Copying, CopyingMetrics
from poet.results.evaluation import Evaluation, Training

# A reader of a card that has no figures gets to know how they come about.
UNMEASURED = "Not measured: there was no report of this model where the card was written. `dvc repro` makes one."


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The results of a model, all of the same weights."""

    training: Training
    evaluation: Evaluation
    copying: Copying


def prediction_section(measured: Measured | None) -> str:
    """How well the model predicts: bits per character beside those of compressors."""
    if measured is None:
        return f"## How well it predicts\n\n{UNMEASURED}"
    evaluation = measured.evaluation
    compressors = sorted((bits, NAMES.get(name, name)) for name, bits in evaluation.compressors.items())
    rows = [(evaluation.bits_per_character, "this model"), *compressors]
    text = [
        "## How well it predicts",
        f"{plain(quality(evaluation.bits_per_character, evaluation.compressors))} Fewer are better, whatever the "
        f"tokenizer. The unseen text are {evaluation.characters:,} characters: the end of every book.",
        table(
            ("on the end of every book", "bits per character"),
            [(plain(name), figure(bits)) for bits, name in rows],
        ),
    ]
    if compressors:
        given = evaluation.compressed
        text.append(
            f"The compressors were given {given.validation:,} of them after {given.training:,} characters of the "
            "training text."
        )
    if held_out := evaluation.held_out_books:
        text.append(
            f"In whole books that it never saw, {held_out.characters:,} characters, the model needs "
            f"{figure(held_out.bits_per_character)} bits per character."
        )
    return "\n\n".join(text)


def copying_section(measured: Measured | None) -> str:
    """How much of the model's text stands in its books word for word, beside what people repeat."""
    if measured is None:
        return f"## How much it copies\n\n{UNMEASURED}"
    running = measured.copying.running_text
    samples, human = running.samples, running.human if running.human.characters else None
    rows = [
        (f"in passages of {length} characters or more", share(samples.share_at[length]), _human_share(human, length))
        for length in LENGTHS
    ]
    longest = "longest passage, in characters", whole(samples.longest), whole(human.longest if human else None)
    baseline = " The baseline are pages of the same books that the model never saw: people repeat phrases too."
    text = [
        "## How much it copies",
        repetition(samples, human),
        table(("stands in the books word for word", "its text", "pages it never saw"), [*rows, longest]),
        f"Measured on {samples.characters:,} characters of its samples, without names, headings and what else a book "
        f"repeats.{baseline if human else ''}",
    ]
    if samples.excess is not None:
        excess = excess_in_words(samples.excess, samples.excess_interval)
        text.append(f"In passages of {EXCESS_AT} characters or more, it copies {excess}.")
    known = [(plain(tokens), value) for tokens, value in measured.copying.extractable.items() if value is not None]
    if known:
        recited = ", ".join(f"{share(value)} when given {tokens} tokens" for tokens, value in known)
        text.append(f"Passages of the training text that it completes from memory: {recited}.")
    return "\n\n".join(text)


def _human_share(human: CopyingMetrics | None, length: int) -> str:
    return share(human.share_at[length] if human else None)
