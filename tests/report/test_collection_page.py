"""The page of a collection: the same bytes each time, small enough, and honest about what was not measured."""

import dataclasses

from poet.report.collection_page import collection_page, recipe
from poet.report.findings import contributions, paint
from poet.results.evaluation import CompressedText
from tests.report.shelf import SIZES, made_up_results, shipped_params


def page_of(results):
    return collection_page(results, shipped_params())


def test_the_same_results_give_the_same_page():
    assert page_of(made_up_results()) == page_of(made_up_results())


def test_the_recipe_shows_what_the_minutes_picked():
    results = made_up_results()
    training = dataclasses.replace(results.training, picked={"train.steps": 98765})
    assert "98765" not in page_of(results)
    assert "98765" in page_of(dataclasses.replace(results, training=training))


def test_the_page_names_the_model_that_the_training_started_from():
    """Its tokenizer is that of the model, whatever tokenize.kind says."""
    results, params = made_up_results(), shipped_params()
    started = dataclasses.replace(params, train=dataclasses.replace(params.train, init_from="models/first"))
    tokens = results.tokens | {"kind": "bytegram", "vocab_size": 54321}
    page = collection_page(dataclasses.replace(results, tokens=tokens), started)
    assert "by the tokenizer of <code>models/first</code>, from which its training started" in page
    assert "54321" in page and "</strong> (used)" not in page
    assert "from which its training started" not in page_of(results) and "</strong> (used)" in page_of(results)


def test_sixty_samples_stay_below_two_megabytes():
    assert len(page_of(made_up_results(samples=60)).encode("utf-8")) < 2_000_000


def test_a_report_without_any_passage():
    page = page_of(made_up_results(samples=0))
    assert 'class="shelf"' not in page and 'id="filter-length"' not in page and 'class="findings"' not in page


def test_why_extractable_passages_were_not_measured():
    results = made_up_results(samples=0)
    assert f"The model's context ({SIZES['sequence_len']} tokens) is too short" in page_of(results)
    longer = dataclasses.replace(results, model_config=results.model_config | {"model": SIZES | {"sequence_len": 256}})
    assert "The training text is too short" in page_of(longer) and "is too short for" in page_of(longer)
    assert "The model's context" not in page_of(longer)


def test_without_human_text_no_figure_is_compared_with_it():
    results = made_up_results(samples=0)
    assert 'scope="row">the authors</th>' in page_of(results) and ">authors</text>" in page_of(results)
    human = dataclasses.replace(results.copying.human, characters=0)
    running = dataclasses.replace(results.copying.running_text, human=human)
    copying = dataclasses.replace(results.copying, human=human, running_text=running)
    page = page_of(dataclasses.replace(results, copying=copying))
    assert 'scope="row">the authors</th>' not in page and ">authors</text>" not in page
    assert "there is no human text to compare with" in page


def test_the_books_that_gave_most_have_a_colour_each_and_the_others_are_grey():
    results = made_up_results()
    given = contributions(results.samples)
    tints = paint(results.shelf, given)
    assert [tints[one.book.number] for one in given] == ["c0", "c1", "c2", "c3"]
    assert set(paint(results.shelf, given[:1]).values()) == {"c0", "grey"}


def test_columns_that_all_books_share_are_dropped():
    results = made_up_results()
    assert 'scope="col">language' not in page_of(results)
    first = next(iter(results.shelf.books.values()))
    other = dataclasses.replace(first, row=dataclasses.replace(first.row, language="de"))
    results.shelf.books[first.row.id] = other
    assert 'scope="col">language' in page_of(results)


def test_the_recipe_holds_every_parameter_that_shapes_the_text():
    shown = recipe(shipped_params(), "shakespeare")
    assert {"collections.shakespeare.title", "split.validation", "model.n_layer", "sample.seed"} <= shown.keys()
    assert not any(key.startswith(("report.", "benchmark.", "runtime.", "collections.p")) for key in shown)


def test_pairs_of_books_are_named_up_to_a_limit():
    """Of 284 pairs the five that share most are enough for a page; it says how many there are."""
    pairs = [{"book": f"a{i}", "other": f"b{i}", "share": share} for i, share in enumerate([0.3, *[0.2] * 5, 0.9])]
    results = made_up_results(samples=0)
    results = dataclasses.replace(
        results,
        corpus=results.corpus | {"overlaps": pairs},
        tokens=results.tokens | {"leaks": [{"book": "c", "other": "d", "share": 0.031}, *pairs]},
    )
    page = page_of(results)
    assert "90.0\N{NO-BREAK SPACE}% of a6 is also found in b6" in page and "2 more pairs of books overlap" in page
    assert "3.1\N{NO-BREAK SPACE}% of the text of c that is not trained on" in page
    assert "3 more pairs of books share" in page
    assert page.count("<strong>Overlap:") == page.count("<strong>Validation text that is trained on:") == 5
    one = page_of(dataclasses.replace(results, corpus=results.corpus | {"overlaps": pairs[:1]}))
    assert "30.0\N{NO-BREAK SPACE}% of a0" in one and "more pairs of books overlap" not in one


def test_of_two_figures_for_one_text_the_page_says_which_is_which():
    """The curve scores windows by themselves, the headline with context: neither is a mistake of the other."""
    page = page_of(made_up_results(samples=0))
    assert "model, windows by themselves" in page and "model, with context" in page
    assert "figure at the top of this page, 2.200, gives every token the context" in page


def test_the_page_says_what_the_figures_cover():
    results = made_up_results(samples=0)
    page = page_of(results)
    assert "0.250 of the bits per character pay for the spelling" in page
    assert "70,000 of 80,000 characters to learn from, and 900 of 900 to compress" in page
    whole = dataclasses.replace(
        results.evaluation, spelling_bits_per_character=0.0, compressed=CompressedText(training=80_000, validation=900)
    )
    page = page_of(dataclasses.replace(results, evaluation=whole))
    assert "pay for the spelling" not in page and "were given a part" not in page


def test_the_excess_is_said_in_words_with_its_interval():
    page = page_of(made_up_results(samples=0))
    assert (
        "the model copies no more than the authors: +1.0 points, 95\N{NO-BREAK SPACE}% from \N{MINUS SIGN}0.4 to +3.1"
        in page
    )


def test_a_kind_of_tokenizer_that_was_skipped_cuts_no_line():
    """A Japanese collection: its alphabet is larger than the vocabulary of some kinds."""
    results = made_up_results(samples=0)
    measured = dict.fromkeys(("vocab_size", "characters_per_token", "bytes_per_token", "unknown", "train_seconds"), 1.0)
    measured |= {"kind": "bpe", "chosen": True, "encode_bytes_per_second": 1.0, "example": ["To", " be"]}
    page = page_of(dataclasses.replace(results, tokenizers=[*results.tokenizers, measured]))
    assert '<span class="token">To</span><span class="token"> be</span>' in page
    assert "The same line" not in page_of(results)
