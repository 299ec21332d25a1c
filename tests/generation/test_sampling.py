"""Generation: the cache changes nothing, each sequence is its own, the rules of drawing hold."""

import numpy as np
import pytest
import torch

from poet.errors import DataError
from poet.generation.sampling import choose, generate
from poet.params.sampling import SamplingParams


def uncached(model, prompt, draws, tokens):
    """Generation with a whole forward pass per token; slides as documented: at sequence_len, back to the last half."""
    limit = model.config.sequence_len
    rows = [list(prompt) for _ in draws]
    streams = [np.random.Generator(np.random.Philox(key=draw.seed)) for draw in draws]
    first = max(0, len(prompt) - limit)
    out = []
    for _ in range(tokens):
        logits = model(torch.tensor([row[first:] for row in rows]))
        ids = choose(logits[:, -1], torch.tensor(rows), draws, streams)
        filled = len(rows[0]) - first
        for row, i in zip(rows, ids, strict=True):
            row.append(int(i))
        out.append(ids.tolist())
        if filled == limit:
            first = len(rows[0]) - limit // 2
    return out


def run(model, prompt, draws, tokens):
    return [ids.tolist() for ids in generate(model, prompt, draws, tokens, torch.float32)]


@pytest.mark.parametrize("length", [1, 5, 12, 30])
def test_cached_equals_uncached_token_by_token_also_past_the_context(model, length):
    prompt = [(7 * i) % 40 for i in range(length)]
    draws = [SamplingParams(temperature=1.0, top_k=0, seed=1), SamplingParams(temperature=0.0, top_k=0, seed=2)]
    with torch.no_grad():
        assert run(model, prompt, draws, 40) == uncached(model, prompt, draws, 40)


def test_a_sequence_does_not_depend_on_its_neighbours(model):
    draws = [SamplingParams(temperature=0.9, top_k=5, seed=seed) for seed in (3, 4, 5)]
    together = run(model, [1, 2], draws, 20)
    for i, draw in enumerate(draws):
        assert [ids[0] for ids in run(model, [1, 2], [draw], 20)] == [ids[i] for ids in together]


def test_drawing_follows_the_probabilities():
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]]))
    stream = [np.random.Generator(np.random.Philox(key=1))]

    def frequencies(draw):
        counts = np.bincount([choose(logits, torch.tensor([[0]]), [draw], stream)[0] for _ in range(4000)], minlength=4)
        return counts / counts.sum()

    np.testing.assert_allclose(
        frequencies(SamplingParams(temperature=1.0, top_k=0, seed=0)), [0.5, 0.3, 0.15, 0.05], atol=0.03
    )
    np.testing.assert_allclose(
        frequencies(SamplingParams(temperature=1.0, top_k=2, seed=0)), [0.625, 0.375, 0, 0], atol=0.03
    )
    squared = np.array([0.25, 0.09, 0.0225, 0.0025])
    np.testing.assert_allclose(
        frequencies(SamplingParams(temperature=0.5, top_k=0, seed=0)), squared / squared.sum(), atol=0.03
    )
    assert frequencies(SamplingParams(temperature=0.0, top_k=0, seed=0)).tolist() == [1, 0, 0, 0]


def kept(probabilities, **rule):
    """The tokens that 3,000 draws choose from."""
    logits = torch.log(torch.tensor([probabilities]))
    stream = [np.random.Generator(np.random.Philox(key=1))]
    draw = SamplingParams(temperature=1.0, seed=0, **rule)
    return {int(choose(logits, torch.tensor([[0]]), [draw], stream)[0]) for _ in range(3000)}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, {0, 1, 2, 3}),
        ({"top_k": 2}, {0, 1}),
        ({"top_p": 0.5}, {0}),
        ({"top_p": 0.51}, {0, 1}),
        ({"top_p": 0.96}, {0, 1, 2, 3}),
        ({"min_p": 0.2}, {0, 1, 2}),
        ({"min_p": 0.59}, {0, 1}),
        ({"top_k": 3, "top_p": 0.6, "min_p": 0.1}, {0, 1}),
    ],
)
def test_limits_keep_what_they_say(rule, expected):
    assert kept([0.5, 0.3, 0.15, 0.05], **rule) == expected


def test_each_row_has_its_own_limits():
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]] * 3))
    draws = [
        SamplingParams(temperature=1.0, seed=0, top_p=0.4),
        SamplingParams(temperature=1.0, seed=1),
        SamplingParams(temperature=0.0, seed=2),
    ]
    streams = [np.random.Generator(np.random.Philox(key=i)) for i in range(3)]
    rows = np.array([choose(logits, torch.zeros(3, 1, dtype=torch.long), draws, streams) for _ in range(500)])
    assert [set(column.tolist()) for column in rows.T] == [{0}, {0, 1, 2, 3}, {0}]


def test_repetition_makes_what_was_said_less_likely():
    """CTRL's rule: positive scores are divided, negative ones multiplied."""
    logits = torch.tensor([[2.0, 1.9, -1.0]])
    draw = SamplingParams(temperature=0.0, seed=0, repetition_penalty=1.2)
    assert choose(logits, torch.tensor([[2]]), [draw], [np.random.default_rng(0)]).tolist() == [0]
    assert choose(logits, torch.tensor([[0, 0]]), [draw], [np.random.default_rng(0)]).tolist() == [1]
    assert choose(logits, torch.tensor([[0, 1]]), [draw], [np.random.default_rng(0)]).tolist() == [0]
    assert logits.tolist() == [[2.0, pytest.approx(1.9), -1.0]], "the scores themselves do not change"


def test_an_empty_prompt_is_our_own_mistake(model):
    with pytest.raises(ValueError, match="no token"):
        next(generate(model, [], [SamplingParams(temperature=1.0, top_k=0, seed=0)], 1, torch.float32))


class OddAfter:
    """A guard that forbids odd tokens behind the `start`-th; with `all_of_them`, all."""

    def __init__(self, start, all_of_them=False):
        self.first, self.all_of_them = start, all_of_them

    def start(self, ids):
        return len(ids)

    def advance(self, state, token):
        return None if self.forbidden(state)[token] else state + 1

    def forbidden(self, state):
        odd = np.arange(40) % 2 == 1
        return (odd | self.all_of_them) & (state >= self.first)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_guard_keeps_its_tokens_out_and_leaves_the_rest_alone(model, temperature):
    draws = [SamplingParams(temperature=temperature, seed=seed) for seed in range(6)]
    free = np.array(run(model, [1, 2], draws, 30))
    guarded = np.array(list(generate(model, [1, 2], draws, 30, torch.float32, OddAfter(12))))
    assert (free[:10] == guarded[:10]).all()
    assert (free[10:] % 2 == 1).any() and not (guarded[10:] % 2 == 1).any()


def test_what_a_guard_allows_keeps_its_probabilities(model):
    """As if the forbidden tokens had been masked before the only draw."""
    draws = [SamplingParams(temperature=1.0, seed=seed) for seed in range(8000)]
    (ids,) = generate(model, [1, 2], draws, 1, torch.float32, OddAfter(0))
    with torch.no_grad():
        logits = model(torch.tensor([[1, 2]]))[0, -1]
    logits[1::2] = -torch.inf
    expected = torch.softmax(logits.float(), dim=0).numpy()
    counts = np.bincount(ids, minlength=40)
    possible = expected > 0
    surprise = ((counts - len(ids) * expected)[possible] ** 2 / (len(ids) * expected[possible])).sum()
    assert surprise < 60  # chi-squared with 19 degrees of freedom: once in a million


def test_a_text_that_can_only_copy_says_so(model):
    with pytest.raises(DataError, match="each of the 40 tokens would make sequence 0 copy more than is allowed"):
        list(
            generate(
                model,
                [1, 2],
                [SamplingParams(temperature=1.0, seed=0)],
                5,
                torch.float32,
                OddAfter(4, all_of_them=True),
            )
        )
