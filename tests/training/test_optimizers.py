"""Muon against its definition and torch's own; every parameter has one optimizer."""

import dataclasses

import pytest
import torch

from poet.training.optimizers import Muon, make_optimizers, orthogonalize
from tests.recipes import MUON
from tests.tiny import generator

SETTINGS = dataclasses.replace(MUON, embedding_learning_rate=0.1, head_learning_rate=0.01, weight_decay=0.1)


@pytest.mark.parametrize("shape", [(2, 8, 8), (3, 16, 8), (1, 8, 24)])
def test_orthogonalize_keeps_directions_and_evens_their_lengths(shape):
    """Against the singular value decomposition: same singular vectors, values near 1."""
    matrices = torch.randn(shape, generator=generator())
    u, _, vh = torch.linalg.svd(matrices, full_matrices=False)
    middle = u.mT @ orthogonalize(matrices, torch.float32) @ vh.mT
    values = middle.diagonal(dim1=-2, dim2=-1)
    assert ((values > 0.6) & (values < 1.3)).all()
    torch.testing.assert_close(middle, torch.diag_embed(values), atol=1e-3, rtol=0)


def test_muon_follows_torchs_own():
    """torch.optim.Muon orthogonalises in bfloat16; so does ours here, one matrix, several steps."""
    start = torch.randn(16, 8, generator=generator())
    ours, theirs = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    muon = Muon([{"params": [ours]}], lr=0.02, momentum=0.9, weight_decay=0.1, dtype=torch.bfloat16)
    reference = torch.optim.Muon([theirs], lr=0.02, momentum=0.9, weight_decay=0.1)
    for step in range(5):
        gradient = torch.randn(16, 8, generator=generator(step + 1))
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        muon.step()
        reference.step()
    torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=0)


def test_stacked_matrices_are_orthogonalised_one_by_one():
    gradient = torch.randn(24, 8, generator=generator())
    whole = torch.nn.Parameter(torch.zeros(24, 8))
    parts = [torch.nn.Parameter(torch.zeros(8, 8)) for _ in range(3)]
    for group in ([{"params": [whole], "rows": [8, 8, 8]}], [{"params": parts}]):
        for parameter, piece in zip(group[0]["params"], gradient.chunk(len(group[0]["params"])), strict=True):
            parameter.grad = piece.clone()
        Muon(group, lr=0.1, momentum=0.0, weight_decay=0.0, dtype=torch.float32).step()
    torch.testing.assert_close(whole.data, torch.cat([part.data for part in parts]))


def test_every_parameter_belongs_to_one_optimizer(model):
    optimizers = make_optimizers(model, SETTINGS, torch.float32)
    owned = [parameter for o in optimizers for group in o.param_groups for parameter in group["params"]]
    assert len(owned) == len({id(parameter) for parameter in owned}) == len(list(model.parameters()))
