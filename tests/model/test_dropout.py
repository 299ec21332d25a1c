"""Dropout by a hash: as many zeros as there should be, and none that follows from another."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats

from poet.model.dropout import dropout


def kept(seed, shape=(200, 500), probability=0.25):
    torch.manual_seed(seed)
    return dropout(torch.ones(shape), probability).bool().numpy()


@pytest.mark.parametrize("probability", [0.001, 0.1, 0.5, 0.9])
def test_the_share_of_zeros_is_the_probability_and_the_mean_stays(probability):
    torch.manual_seed(3)
    x = dropout(torch.ones(1_000_000), probability)
    zeros = int((x == 0).sum())
    assert stats.binomtest(zeros, len(x), probability).pvalue > 1e-3
    assert x.unique().tolist() == pytest.approx([0, 1 / (1 - probability)], rel=1e-4)
    assert float(x.mean()) == pytest.approx(1, abs=5 * float(x.std()) / 1000)


def test_rows_and_columns_have_binomial_counts():
    """Sums over any axis spread as sums of independent draws do, by a chi-squared test."""
    counts = [kept(seed).sum(axis=axis) for seed in range(20) for axis in (0, 1)]
    for size, group in ((200, counts[0::2]), (500, counts[1::2])):
        values = np.concatenate(group)
        chi = ((values - size * 0.75) ** 2).sum() / (size * 0.75 * 0.25)
        assert 1e-3 < stats.chi2.cdf(chi, len(values)) < 1 - 1e-3


@pytest.mark.parametrize("lag", [1, 2, 7, 64, 500, 512, 4096])
def test_neighbours_do_not_follow_from_each_other(lag):
    mask = kept(5, (400_000,)).astype(float)
    correlation = np.corrcoef(mask[:-lag], mask[lag:])[0, 1]
    assert abs(correlation) < 4 / np.sqrt(len(mask))


def test_masks_of_different_calls_do_not_follow_from_each_other():
    torch.manual_seed(9)
    masks = [dropout(torch.ones(100_000), 0.5).bool().numpy().astype(float) for _ in range(12)]
    correlations = np.corrcoef(masks)[np.triu_indices(12, 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(100_000)


def test_a_seed_gives_the_same_mask_and_the_gradient_passes_where_it_is_kept():
    assert (kept(1) == kept(1)).all() and (kept(1) != kept(2)).any()
    torch.manual_seed(1)
    x = torch.ones(200, 500, requires_grad=True)
    dropout(x, 0.25).sum().backward()
    torch.testing.assert_close(x.grad, torch.from_numpy(kept(1)) / 0.75)


def test_it_regularises_as_torchs_own_does():
    """Mean and variance of a sum of products, by the library's dropout and by this one."""
    torch.manual_seed(0)
    x, weights = torch.randn(300, 100), torch.randn(100)
    mine, theirs = (torch.stack([(drop(x, 0.2) @ weights) for _ in range(400)]) for drop in (dropout, F.dropout))
    torch.testing.assert_close(mine.mean(0), theirs.mean(0), atol=2.5, rtol=0)
    assert float((mine.var(0) / theirs.var(0)).mean()) == pytest.approx(1, abs=0.03)
