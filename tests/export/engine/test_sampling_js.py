"""The dice of the page against numpy's and torch's: random numbers, choices, and half characters."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from poet.generation.characters import _unfinished
from poet.generation.sampling import choose, random_stream
from poet.params.sampling import LARGEST_SEED, SamplingParams
from tests.export.engine.node import base64_of


@pytest.mark.parametrize("seed", [0, 1, 2**53 + 1, 2**62, LARGEST_SEED])
def test_the_random_numbers_are_those_of_numpy(node, seed):
    stream = random_stream(seed)
    assert node("random", seed=str(seed), count=50) == [stream.random() for _ in range(50)]


def cases():
    """Logits of all shapes, with ties, behind a context, under all kinds of limits."""
    generator = np.random.default_rng(0)
    for number in range(400):
        width = int(generator.integers(2, 60))
        logits = generator.normal(0, generator.choice([0.1, 2, 20]), width).astype(np.float32)
        if number % 3 == 0:
            logits = logits.round()  # ties
        settings = {
            "temperature": float(generator.choice([0.0, 0.3, 0.8, 1.0, 2.0])),
            "seed": int(generator.integers(0, 2**60)),
            "top_k": int(generator.choice([0, 0, 1, 3, 1000])),
            "top_p": float(generator.choice([1.0, 0.9, 0.5, 0.01])),
            "min_p": float(generator.choice([0.0, 0.05, 0.9])),
            "repetition_penalty": float(generator.choice([1.0, 1.2, 3.0])),
        }
        context = generator.integers(0, width, int(generator.integers(1, 20))).tolist()
        yield {"logits": logits.tolist(), "context": context, "settings": settings}


def test_choices_are_those_of_torch(node):
    requests = list(cases())
    expected = [
        int(
            choose(
                torch.tensor([case["logits"]]),
                torch.tensor([case["context"]]),
                [SamplingParams(**case["settings"])],
                [random_stream(case["settings"]["seed"])],
            )[0]
        )
        for case in requests
    ]
    for case in requests:
        case["settings"]["seed"] = str(case["settings"]["seed"])
    assert node("choose", cases=requests) == expected


def test_forbidden_tokens_are_never_chosen(node):
    settings = {"temperature": 1.0, "seed": 1}
    cases = [{"logits": [9.0, 1.0, 8.0], "context": [0], "settings": settings, "forbidden": [True, False, True]}] * 20
    assert set(node("choose", cases=cases)) == {1}


# Bytes around every border of UTF-8's table.
EDGES = bytes.fromhex("00 41 7F 80 8F 90 9F A0 BF C1 C2 DF E0 E1 ED EE EF F0 F1 F3 F4 F5 FF")
edges = st.lists(st.sampled_from(EDGES), max_size=6).map(bytes)


@given(texts=st.lists(edges, min_size=1, max_size=50))
def test_half_characters_are_those_of_python(node, texts):
    expected = [_unfinished(text) for text in texts]
    found = node("unfinished", pairs=[["", base64_of(text)] for text in texts])
    assert found == [None if pending is None else list(pending) for pending in expected]
    # From the middle of a character on, as well.
    pairs = [[base64_of(pending), base64_of(text)] for pending, text in zip(expected, texts, strict=True) if pending]
    again = [_unfinished(pending + text) for pending, text in zip(expected, texts, strict=True) if pending]
    assert node("unfinished", pairs=pairs) == [None if pending is None else list(pending) for pending in again]
