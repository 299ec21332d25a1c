"""Generation: the cache changes nothing, each sequence is its own, every sampling parameter does what it says."""

import dataclasses

import numpy as np
import pytest
import torch

from poet.errors import DataError
from poet.generation.sampling import choose, generate, random_stream
from poet.params.sampling import SamplingParams
from tests.tiny import CONFIG, VARIANTS, VOCAB_SIZE, logits_looking_back, tiny_model


def uncached(model, prompt, sampling, max_new_tokens):
    """Generation with a complete forward pass per token. A full window goes on as documented: it loses an eighth of its
    positions, or half of them where the rest is read again.
    """
    window = model.config.sequence_len
    rows = [list(prompt) for _ in sampling]
    streams = [random_stream(params.seed) for params in sampling]
    first = max(0, len(prompt) - window)
    # For each position after `begin`, the first one that it sees.
    begin, seen = first, [first] * (len(prompt) - first)
    steps = []
    for _ in range(max_new_tokens):
        if model.can_forget:
            logits = logits_looking_back(model, torch.tensor(rows)[:, begin:], [start - begin for start in seen])
        else:
            logits = model(torch.tensor([row[first:] for row in rows]))
        # After the first token, the repetition penalty looks back one window.
        context = torch.tensor(rows) if not steps else torch.tensor(rows)[:, -window:]
        ids = choose(logits[:, -1], context, sampling, streams)
        filled = len(rows[0]) - first
        for row, i in zip(rows, ids, strict=True):
            row.append(int(i))
        steps.append(ids.tolist())
        if filled == window:
            first = first + max(1, window // 8) if model.can_forget else len(rows[0]) - window // 2
        seen.append(first)
    return steps


def run(model, prompt, sampling, max_new_tokens, guard=None):
    return [ids.tolist() for ids in generate(model, prompt, sampling, max_new_tokens, torch.float32, guard)]


LONG = dataclasses.replace(CONFIG, sequence_len=24)


@pytest.mark.parametrize("length", [1, 5, 12, 30])
@pytest.mark.parametrize("config", [CONFIG, LONG, VARIANTS["classic"]], ids=["short", "long", "learned positions"])
def test_cached_equals_uncached_token_by_token_also_past_the_context(config, length):
    model = tiny_model(config)
    prompt = [(7 * i) % VOCAB_SIZE for i in range(length)]
    sampling = [
        SamplingParams(temperature=1.0, seed=1),
        SamplingParams(temperature=0.0, seed=2),
        SamplingParams(temperature=1.0, seed=1, top_k=9, top_p=0.9, min_p=0.02, repetition_penalty=1.5),
    ]
    with torch.no_grad():
        assert run(model, prompt, sampling, 60) == uncached(model, prompt, sampling, 60)


def test_a_sequence_does_not_depend_on_its_neighbours(model):
    sampling = [SamplingParams(temperature=0.9, top_k=5, seed=seed) for seed in (3, 4, 5)]
    together = run(model, [1, 2], sampling, 20)
    for i, params in enumerate(sampling):
        assert [ids[0] for ids in run(model, [1, 2], [params], 20)] == [ids[i] for ids in together]


def test_each_sequence_can_have_a_prompt_of_its_own(model):
    sampling = [SamplingParams(temperature=0.9, seed=seed) for seed in (3, 4)]
    together = run(model, np.array([[1, 2], [8, 9]]), sampling, 20)
    for i, prompt in enumerate(([1, 2], [8, 9])):
        assert [ids[0] for ids in run(model, prompt, [sampling[i]], 20)] == [ids[i] for ids in together]


@pytest.mark.parametrize("changed", [{"seed": 2}, {"top_k": 2}, {"top_p": 0.3}, {"min_p": 0.6}, {"temperature": 0.2}])
def test_every_parameter_reaches_the_choice(model, changed):
    usual = {"temperature": 1.0, "seed": 1}
    one, other = (run(model, [1, 2], [SamplingParams(**parameters)], 40) for parameters in (usual, usual | changed))
    assert one != other


def test_a_repetition_penalty_lets_no_token_come_back(model):
    """So high that among 12 tokens, as many as the penalty looks back, none is the same."""
    plain = SamplingParams(temperature=0.0, seed=0)
    penalised = SamplingParams(temperature=0.0, seed=0, repetition_penalty=100.0)
    repeats = [len(set(np.ravel(run(model, [1], [params], 11)))) < 11 for params in (plain, penalised)]
    assert repeats == [True, False]


def test_sampling_follows_the_probabilities():
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]]))
    stream = [random_stream(1)]

    def frequencies(**parameters):
        params = SamplingParams(seed=0, **parameters)
        chosen = [choose(logits, torch.tensor([[0]]), [params], stream)[0] for _ in range(4000)]
        return np.bincount(chosen, minlength=4) / 4000

    np.testing.assert_allclose(frequencies(temperature=1.0), [0.5, 0.3, 0.15, 0.05], atol=0.03)
    np.testing.assert_allclose(frequencies(temperature=1.0, top_k=2), [0.625, 0.375, 0, 0], atol=0.03)
    squared = np.array([0.25, 0.09, 0.0225, 0.0025])
    np.testing.assert_allclose(frequencies(temperature=0.5), squared / squared.sum(), atol=0.03)
    assert frequencies(temperature=0.0).tolist() == [1, 0, 0, 0]


def kept(probabilities, **limits):
    """The tokens that come up when 3,000 are sampled."""
    logits = torch.log(torch.tensor([probabilities]))
    stream = [random_stream(1)]
    params = SamplingParams(temperature=1.0, seed=0, **limits)
    return {int(choose(logits, torch.tensor([[0]]), [params], stream)[0]) for _ in range(3000)}


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, {0, 1, 2, 3}),
        ({"top_k": 2}, {0, 1}),
        ({"top_k": 9}, {0, 1, 2, 3}),
        ({"top_p": 0.5}, {0}),
        ({"top_p": 0.51}, {0, 1}),
        ({"top_p": 0.96}, {0, 1, 2, 3}),
        ({"min_p": 0.2}, {0, 1, 2}),
        ({"min_p": 0.59}, {0, 1}),
        ({"top_k": 3, "top_p": 0.6, "min_p": 0.1}, {0, 1}),
    ],
)
def test_limits_keep_what_they_say(limits, expected):
    assert kept([0.5, 0.3, 0.15, 0.05], **limits) == expected


def test_each_row_has_its_own_limits():
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]] * 3))
    sampling = [
        SamplingParams(temperature=1.0, seed=0, top_p=0.4),
        SamplingParams(temperature=1.0, seed=1),
        SamplingParams(temperature=0.0, seed=2),
    ]
    streams = [random_stream(i) for i in range(3)]
    rows = np.array([choose(logits, torch.zeros(3, 1, dtype=torch.long), sampling, streams) for _ in range(500)])
    assert [set(column.tolist()) for column in rows.T] == [{0}, {0, 1, 2, 3}, {0}]


@pytest.mark.parametrize(("context", "expected"), [([2], 0), ([0, 0], 1), ([0, 1], 0)])
def test_repetition_makes_a_token_less_probable(context, expected):
    """CTRL's rule: positive scores are divided, negative ones multiplied, once however often a token occurred."""
    logits = torch.tensor([[2.0, 1.9, -1.0]])
    params = SamplingParams(temperature=0.0, seed=0, repetition_penalty=1.2)
    assert choose(logits, torch.tensor([context]), [params], [random_stream(0)]).tolist() == [expected]
    assert logits.tolist() == [[2.0, pytest.approx(1.9), -1.0]], "the caller's logits do not change"


def test_a_negative_score_is_multiplied_by_the_penalty():
    logits, params = torch.tensor([[-1.0, -1.1]]), SamplingParams(temperature=0.0, seed=0, repetition_penalty=1.2)
    assert choose(logits, torch.tensor([[0]]), [params], [random_stream(0)]).tolist() == [1]


def test_an_empty_prompt_is_our_own_mistake(model):
    with pytest.raises(ValueError, match="the prompt has no token"):
        run(model, [], [SamplingParams(temperature=1.0, seed=0)], 1)


class OddAfter:
    """A guard that forbids odd tokens from the token number `first` on; with `all_of_them`, all tokens."""

    def __init__(self, first, all_of_them=False):
        self.first, self.all_of_them = first, all_of_them

    def start(self, ids):
        return len(ids)

    def advance(self, state, token):
        return None if self.forbidden(state)[token] else state + 1

    def forbidden(self, state):
        odd = np.arange(VOCAB_SIZE) % 2 == 1
        return (odd | self.all_of_them) & (state >= self.first)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_guard_keeps_its_tokens_out_and_leaves_the_rest_alone(model, temperature):
    sampling = [SamplingParams(temperature=temperature, seed=seed) for seed in range(6)]
    free = np.array(run(model, [1, 2], sampling, 30))
    guarded = np.array(run(model, [1, 2], sampling, 30, OddAfter(12)))
    assert (free[:10] == guarded[:10]).all()
    assert (free[10:] % 2 == 1).any() and not (guarded[10:] % 2 == 1).any()


def test_what_a_guard_allows_keeps_its_probabilities(model):
    """As if the forbidden tokens had been masked before the only choice."""
    sampling = [SamplingParams(temperature=1.0, seed=seed) for seed in range(8000)]
    (ids,) = run(model, [1, 2], sampling, 1, OddAfter(0))
    with torch.no_grad():
        logits = model(torch.tensor([[1, 2]]))[0, -1]
    logits[1::2] = -torch.inf
    expected = torch.softmax(logits.float(), dim=0).numpy()
    counts = np.bincount(ids, minlength=VOCAB_SIZE)
    possible = expected > 0
    chi_squared = ((counts - len(ids) * expected)[possible] ** 2 / (len(ids) * expected[possible])).sum()
    assert chi_squared < 60, "with 19 degrees of freedom, once in a million by chance"


def test_a_text_that_can_only_copy_says_so(model):
    with pytest.raises(DataError, match="each of the 40 tokens would make the text copy more than is allowed"):
        run(model, [1, 2], [SamplingParams(temperature=1.0, seed=0)], 5, OddAfter(4, all_of_them=True))
