"""The text for the tokenizer: all of a small library, an even and seeded sample of a large one."""

import pytest

from poet.params.sections import SplitSettings
from poet.tokenizers.kinds import KINDS, train_tokenizer
from poet.tokenizers.training_text import training_sample
from tests.cleaning.shelf import clean_shelf
from tests.recipes import sizes
from tests.texts import babble

SPLIT = SplitSettings(validation=0.1, held_out_books=["c"])


def test_a_large_text_is_sampled_evenly_for_the_tokenizer(write_books, tmp_path):
    clean = clean_shelf(write_books(a=babble(1, 30000), b=babble(2, 30000), c=babble(3, 300)), tmp_path)
    whole = "".join(training_sample(clean, SPLIT, 10**9))
    sample = list(training_sample(clean, SPLIT, 60000))
    assert len(whole) == sum(int(len(babble(i, 30000)) * 0.9) for i in (1, 2))
    assert 30000 < sum(map(len, sample)) <= 60000
    assert sample == list(training_sample(clean, SPLIT, 60000)), "seeded"
    places = [whole.index(piece) / len(whole) for piece in sample]
    assert min(places) < 0.3 and max(places) > 0.7


@pytest.mark.parametrize("limit", [1, 2, 10, 100, 4000])
def test_a_sample_of_any_size_makes_a_tokenizer(write_books, tmp_path, limit):
    clean = clean_shelf(write_books(a=babble(1, 3000), b=babble(2, 3000), c=babble(3, 300)), tmp_path)
    sample = list(training_sample(clean, SPLIT, limit))
    assert 0 < sum(map(len, sample)) <= limit
    for kind in KINDS:
        assert train_tokenizer(sample, sizes(kind)).get_vocab_size() > 1
