"""Copying metrics against counts of marked characters and of n-grams."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from poet.attribution.furniture import Furniture
from poet.attribution.spans import attribute_text
from poet.metrics.copying import (
    HUMAN_PER_SAMPLE,
    MeasuredText,
    _excess_interval,
    _MatchedText,
    copying_metrics,
    covered_characters,
    human_passages,
    spread_places,
)
from poet.results.attribution import AttributedSample, Span
from poet.results.copying import LENGTHS, NOVELTY, Copying, LongestMatch
from tests.attribution.shelf import indexed, letters


def measured(books: dict[str, str], samples: list[str], human: list[str], temperatures: tuple[float, ...]) -> Copying:
    """The metrics of `samples` by an index of `books`."""
    return measured_running(books, list(map(all_running, samples)), list(map(all_running, human)), temperatures)


def measured_running(
    books: dict[str, str], samples: list[MeasuredText], human: list[MeasuredText], temperatures: tuple[float, ...] = ()
) -> Copying:
    """The metrics of texts of which a part is running text."""
    index = indexed(books)
    rows = [attribute_text(index, i, one.text, 1, one.running) for i, one in enumerate(samples)]
    return metrics_of(index, samples, human, rows, temperatures)


def metrics_of(index, samples, human, rows, temperatures=()) -> Copying:
    """The metrics of texts whose passages are `rows`."""
    return copying_metrics(
        index,
        samples,
        human,
        attributed=rows,
        temperatures=temperatures,
        extractable={"50": 0.25},
        min_length=1,
        seed=0,
    )


def all_running(text: str) -> MeasuredText:
    """A text without furniture."""
    return MeasuredText(text=text, running=np.ones(len(text), dtype=bool))


@st.composite
def part_running(draw) -> MeasuredText:
    """A text of which any characters are running text."""
    text = draw(letters)
    return MeasuredText(
        text=text, running=np.array(draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text))))
    )


@given(st.lists(letters, min_size=1, max_size=3), st.lists(letters, min_size=1, max_size=3))
def test_metrics_equal_counts(texts, samples):
    books = {f"b{i}": text * 3 for i, text in enumerate(texts)}

    def occurs(passage):
        return any(passage in book for book in books.values())

    metrics = measured(books, samples, [], ()).samples
    for length in LENGTHS:
        covered = 0
        for sample in samples:
            marks = set()
            for start in range(len(sample) - length + 1):
                if occurs(sample[start : start + length]):
                    marks.update(range(start, start + length))
            covered += len(marks)
        assert metrics.share_at[length] == pytest.approx(covered / sum(map(len, samples)))
    for n in NOVELTY:
        grams = [sample[i : i + n] for sample in samples for i in range(len(sample) - n + 1)]
        new = sum(not occurs(gram) for gram in grams) / len(grams) if grams else None
        assert metrics.novelty[n] == (new if new is None else pytest.approx(new))
    parts = [s[i:j] for s in samples for i in range(len(s)) for j in range(i + 1, len(s) + 1) if occurs(s[i:j])]
    assert metrics.longest == max(map(len, parts), default=0)
    assert (metrics.longest_match is None) == (not parts)
    if match := metrics.longest_match:
        assert len(match.text) == metrics.longest
        assert match.text in samples[match.sample]
        assert books[match.book][match.start :].startswith(match.text)


@given(st.lists(letters, min_size=1, max_size=3), st.lists(part_running(), min_size=1, max_size=3))
def test_metrics_of_running_text_equal_counts(texts, samples):
    """Against a search of every passage of every sample, by the rules at the top of poet/metrics/copying.py."""
    books = {f"b{i}": text * 3 for i, text in enumerate(texts)}
    copying = measured_running(books, samples, samples)
    everything, metrics = copying.samples, copying.running_text.samples
    assert everything == measured(books, [one.text for one in samples], [one.text for one in samples], ()).samples

    # Every passage that a book contains: (sample, start, end), and how many of its characters are running text.
    places = [(one, i, j) for one in samples for i in range(len(one.text)) for j in range(i + 1, len(one.text) + 1)]
    found = [(one, i, j) for one, i, j in places if any(one.text[i:j] in book for book in books.values())]
    size = {(id(one), i, j): int(one.running[i:j].sum()) for one, i, j in places}

    total = sum(int(one.running.sum()) for one in samples)
    assert metrics.characters == total
    for length in LENGTHS:
        marked = {
            (id(one), place)
            for one, i, j in found
            if size[id(one), i, j] >= length
            for place in range(i, j)
            if one.running[place]
        }
        assert metrics.share_at[length] == (pytest.approx(len(marked) / total) if total else 0)
    for n in NOVELTY:
        grams = [(one, i, j) for one, i, j in places if j - i == n == size[id(one), i, j]]
        new = [not any(one.text[i:j] in book for book in books.values()) for one, i, j in grams]
        assert metrics.novelty[n] == (pytest.approx(sum(new) / len(new)) if new else None)
    assert metrics.longest == max((size[id(one), i, j] for one, i, j in found), default=0)
    if match := metrics.longest_match:
        assert books[match.book][match.start :].startswith(match.text) and match.text in samples[match.sample].text
        assert len(match.text) >= metrics.longest
    assert (metrics.longest_match is None) == (metrics.longest == 0)


def test_furniture_neither_ends_a_match_nor_makes_it_longer():
    play = "FIRST MURDERER\nWhere is thy conscience now?\n\n[Exit]\n\nACT I\n\nSECOND MURDERER\nIn the Duke's purse."
    furniture = Furniture()
    by_heart, trifle = play, "###\n\n[Exit]\n\nACT I\n\nSECOND MURDERER\nIn "
    copying = measured_running(
        {"a": play}, [MeasuredText(text=text, running=furniture.running(text)) for text in (by_heart, trifle)], []
    )
    assert copying.samples.longest == len(play)
    speeches = ("Where is thy conscience now?", "In the Duke's purse.")
    assert copying.running_text.samples.longest == sum(map(len, speeches))
    match = copying.running_text.samples.longest_match
    assert match.text.startswith(speeches[0]) and match.text.endswith(speeches[1])
    assert copying.running_text.samples.characters == sum(map(len, (*speeches, "###", "In ")))
    trifles = measured_running({"a": play}, [MeasuredText(text=trifle, running=furniture.running(trifle))], [])
    assert (trifles.samples.longest, trifles.running_text.samples.longest) == (len(trifle) - 3, 3)


def test_the_surprise_of_people_is_that_of_as_much_text_as_the_samples():
    book = "one two three four five six seven eight nine ten"
    phrases = ["one two three four five", "six seven eight nine", "two three four", "###"]
    copying = measured(
        {"a": book}, phrases[1:2], [phrases[i % len(phrases)] for i in range(HUMAN_PER_SAMPLE)], (1.0,)
    ).running_text
    # Ten words that occur once each: log2(10) bits a word. Three words are too few for a finding.
    assert copying.surprise == pytest.approx(4 * np.log2(10), abs=0.01)
    assert copying.human_surprise == pytest.approx((5 + 4) * np.log2(10) / HUMAN_PER_SAMPLE, abs=0.01)


def test_the_surprise_of_samples_is_that_of_the_passages_already_found():
    span = Span(start=0, end=9, exact=True, surprise=9.0, sources=(), running_words=4.0, running_surprise=77.5)
    rows = [AttributedSample(sample=8, spans=(span,), near=())]
    copying = metrics_of(indexed({"a": "one two"}), [all_running("one two")], [], rows)
    assert copying.running_text.surprise == 77.5


def test_metrics_are_given_by_temperature_and_beside_human_text():
    books = {"a": "the quick brown fox jumps over the lazy dog and runs away"}
    samples = ["the quick brown fox jumps over the lazy", "x" * 39, "x" * 30 + "quick bro"]
    copying = measured(books, samples, ["y" * 39], (0.5, 1.0, 1.0))
    assert copying.by_temperature.keys() == {"0.5", "1"}
    assert copying.by_temperature["0.5"].share_at[30] == copying.by_temperature["0.5"].excess == 1.0
    assert copying.by_temperature["1"].longest_match == LongestMatch(book="a", start=4, text="quick bro", sample=2)
    assert copying.samples.excess == copying.samples.share_at[30] == pytest.approx(1 / 3)
    # One character of the only passage, which is one of four draws.
    assert (copying.human.longest, copying.human.novelty[4], copying.human.excess) == (1 / 4, 1.0, None)
    assert copying.extractable == {"50": 0.25}


def test_the_excess_is_what_samples_copy_more_than_people():
    books = {"a": "the quick brown fox jumps over the lazy dog"}
    copying = measured(
        books, ["the quick brown fox jumps over", "x" * 30], ["fox jumps over the lazy dog" + "y" * 3], ()
    )
    assert (copying.samples.share_at[30], copying.human.share_at[30]) == (0.5, 0.0)
    copying = measured(
        books, ["the quick brown fox jumps over", "x" * 90], ["quick brown fox jumps over the", "y" * 30], ()
    )
    assert copying.samples.excess == 0.25 - 0.5


def test_the_longest_human_match_is_that_of_as_many_passages_as_there_are_samples():
    """Against the maximum over each draw. The maximum over all passages would grow with their number alone."""
    book = "the quick brown fox jumps over the lazy dog and runs away"
    cut = np.random.default_rng(0).integers(1, 30, size=HUMAN_PER_SAMPLE * 3)
    passages = ["#" * 5 + book[3 : 3 + length] for length in cut]
    human = measured({"a": book}, ["x"] * 3, passages, (1.0,) * 3).human
    assert human.longest == np.mean([cut[draw::HUMAN_PER_SAMPLE].max() for draw in range(HUMAN_PER_SAMPLE)])
    assert len(human.longest_match.text) == cut.max() > human.longest


def texts_with_copies(generator, number, share):
    """Texts of 60 characters as the module matches them: each is one match of 40 with the probability `share`."""
    ends = [np.full(60, 40) if copied else np.arange(60) for copied in generator.random(number) < share]
    counted = np.ones(60, dtype=bool)
    return [
        _MatchedText(number=i, text="x" * 60, ends=np.maximum(end, np.arange(60)), counted=counted)
        for i, end in enumerate(ends)
    ]


def test_the_interval_contains_the_true_difference_as_often_as_it_says():
    generator, hits, trials = np.random.default_rng(1), 0, 300
    for _ in range(trials):
        samples, human = texts_with_copies(generator, 40, 0.5), texts_with_copies(generator, 80, 0.3)
        low, high = _excess_interval(samples, human, generator)
        hits += low <= (0.5 - 0.3) * 40 / 60 <= high
    assert 0.92 * trials < hits < 0.98 * trials


def test_the_interval_equals_that_of_scipy():
    generator = np.random.default_rng(2)
    samples, human = texts_with_copies(generator, 30, 0.5), texts_with_copies(generator, 60, 0.2)
    shares = [[40 / 60 if text.ends[0] == 40 else 0.0 for text in texts] for texts in (samples, human)]

    def difference(ours, theirs, axis=-1):
        return np.mean(ours, axis=axis) - np.mean(theirs, axis=axis)

    other = scipy.stats.bootstrap(shares, difference, method="percentile", rng=generator).confidence_interval
    assert _excess_interval(samples, human, generator) == pytest.approx((other.low, other.high), abs=0.02)


def test_a_single_text_has_no_interval():
    generator = np.random.default_rng(2)
    one, two = texts_with_copies(generator, 1, 0.5), texts_with_copies(generator, 2, 0.5)
    assert _excess_interval(one, two, generator) is None is _excess_interval(two, one, generator)


def test_without_human_text_there_is_no_excess():
    metrics = measured({"a": "abc"}, [], [], ()).samples
    assert (metrics.excess, metrics.longest, metrics.longest_match) == (None, 0, None)


@pytest.mark.parametrize("furniture", ["samples", "human"])
def test_texts_of_furniture_alone_are_compared_with_nothing(furniture):
    """They would count as less copied than the authors, beyond doubt."""
    book = "the quick brown fox jumps over the lazy dog"
    nothing = [MeasuredText(text=book, running=np.zeros(len(book), dtype=bool))] * 3
    samples, human = [all_running(book)] * 3, [all_running(book)] * 3
    samples, human = (nothing, human) if furniture == "samples" else (samples, nothing)
    copying = measured_running({"a": book}, samples, human, (0.5, 1.0, 1.0))
    for metrics in (copying.running_text.samples, *copying.running_text.by_temperature.values()):
        assert (metrics.excess, metrics.excess_interval) == (None, None)
    # Over all characters, they are compared.
    assert (copying.samples.excess, copying.samples.excess_interval) == (0.0, (0.0, 0.0))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=8))
def test_covered_characters(pairs):
    matches = sorted((start, start + length) for start, length in pairs)
    expected = {i for start, end in matches for i in range(start, end)}
    assert covered_characters(np.array(matches).reshape(-1, 2)) == len(expected)


def test_passages_are_spread_over_all_texts():
    def spread(texts, lengths):
        return [texts[text][start:end] for text, start, end in spread_places(list(map(len, texts)), lengths)]

    assert spread(["abcdef", "gh"], [3, 3]) == ["abc", "def"]
    assert spread(["abc"], [9]) == ["abc"]
    assert spread(["", "abcd"], [2, 2]) == ["ab", "cd"]
    assert spread([], [2]) == spread([""], [2]) == []


def test_human_passages_are_several_of_the_length_of_each_sample():
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 1000)))
    running = np.arange(1000) % 3 > 0
    passages = human_passages([MeasuredText(text=text, running=running)], [7, 30])
    assert [len(one.text) for one in passages] == [7] * HUMAN_PER_SAMPLE + [30] * HUMAN_PER_SAMPLE
    starts = [text.index(one.text) for one in passages]
    assert starts == [1000 * number // (2 * HUMAN_PER_SAMPLE) for number in range(2 * HUMAN_PER_SAMPLE)]
    for start, one in zip(starts, passages, strict=True):
        assert one.running.tolist() == running[start : start + len(one.text)].tolist()
