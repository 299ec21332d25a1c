"""The sections of a model card with figures: how well the model predicts, and how much it copies."""

from dataclasses import dataclass

from poet.report.verdict import NAMES, quality, repetition
from poet.report.words import excess_in_words, figure, share, whole
from poet.results.copying import LENGTHS, Copying
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
    given = evaluation.compressed
    rows = [("this model", evaluation.bits_per_character)]
    rows += [(NAMES.get(name, name), bits) for name, bits in sorted(evaluation.compressors.items(), key=_by_bits)]
    lines = [f"| {name} | {figure(bits)} |" for name, bits in rows]
    text = [
        f"## How well it predicts\n\n{quality(evaluation.bits_per_character, evaluation.compressors)} Fewer bits per "
        "character are better, whatever the tokenizer.",
        "\n".join([
            f"| on {evaluation.characters:,} unseen characters | bits per character |",
            "| --- | --- |",
            *lines,
        ]),
    ]
    if evaluation.compressors:
        text.append(
            f"The compressors read {given.training:,} characters of the training text first, and then "
            f"{given.validation:,} of the unseen ones."
        )
    if held_out := evaluation.held_out_books:
        text.append(
            f"On whole books that it never saw, {held_out.characters:,} characters, the model needs "
            f"{figure(held_out.bits_per_character)} bits per character."
        )
    return "\n\n".join(text)


def _by_bits(item: tuple[str, float]) -> float:
    return item[1]


def copying_section(measured: Measured | None) -> str:
    """How much of the model's text stands in its books word for word, beside what people repeat."""
    if measured is None:
        return f"## How much it copies\n\n{UNMEASURED}"
    running = measured.copying.running_text
    samples, human = running.samples, running.human if running.human.characters else None
    lines = [
        f"| {length} | {share(samples.share_at[length])} | {share(human.share_at[length] if human else None)} |"
        for length in LENGTHS
    ]
    longest = f"| longest passage | {whole(samples.longest)} | {whole(human.longest if human else None)} |"
    text = [
        f"## How much it copies\n\n{repetition(samples, human)}",
        "\n".join([
            "| characters of a passage, at least | its text | pages it never saw |",
            "| --- | --- | --- |",
            *lines,
        ]),
        "\n".join(["| | its text | pages it never saw |", "| --- | --- | --- |", longest]),
        f"Measured on {samples.characters:,} characters of its samples, without names, headings and what else a book "
        "repeats. The baseline is text of the same books that the model never saw: people repeat phrases too.",
    ]
    if samples.excess is not None:
        text.insert(3, f"Its samples copy {excess_in_words(samples.excess, samples.excess_interval)}.")
    known = [(tokens, value) for tokens, value in measured.copying.extractable.items() if value is not None]
    if known:
        recited = ", ".join(f"{share(value)} from {tokens} tokens" for tokens, value in known)
        text.append(f"Passages of the training text that it completes from memory: {recited}.")
    return "\n\n".join(text)
