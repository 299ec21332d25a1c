"""Continuous batching: each sequence has the ids that `generate` gives it alone, whoever joins and leaves beside it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from poet.errors import DataError
from poet.generation import batching, rows
from poet.generation.batching import Batch, Request
from poet.generation.characters import CharacterGuard
from poet.generation.rows import LEAST_ROWS, is_independent
from poet.generation.sampling import generate
from poet.params.sampling import SamplingParams
from tests.tiny import CONFIG, VARIANTS, VOCAB_SIZE, tiny_model

MODELS = {name: tiny_model(config) for name, config in VARIANTS.items()}


class NoRepeats:
    """A guard that forbids the last two tokens, and every token divisible by 5."""

    def start(self, ids):
        return tuple(ids[-2:])

    def advance(self, state, token):
        return None if token in state or token % 5 == 0 else (*state, token)[-2:]

    def forbidden(self, state):
        mask = np.arange(VOCAB_SIZE) % 5 == 0
        mask[list(state)] = True
        return mask


def alone(model, request, tokens, copies=LEAST_ROWS):
    """The ids that `generate` gives; `copies` times side by side, since fewer rows are added up in another order."""
    steps = generate(model, request.prompt, [request.sampling] * copies, tokens, torch.float32, request.guard)
    return [int(ids[0]) for ids in steps]


def written(model, plan, places=5):
    """The ids of each (join at step, tokens, request) of `plan`, written together; a full batch lets them wait."""
    batch, ids, members = Batch(model, places), [[] for _ in plan], {}
    waiting = sorted(range(len(plan)), key=lambda number: plan[number][0])
    step = 0
    while waiting or members:
        while waiting and plan[waiting[0]][0] <= step and batch.free:
            number = waiting.pop(0)
            members[batch.join(plan[number][2])] = number
        for row, chosen in batch.step():
            assert not isinstance(chosen, Exception), chosen
            number = members[row]
            ids[number].append(chosen.token)
            if len(ids[number]) == plan[number][1]:
                batch.leave(row)
                del members[row]
        step += 1
    assert batch.free == places
    return ids


samplings = st.builds(
    SamplingParams,
    temperature=st.sampled_from([0.0, 0.7, 1.0, 2.0]),
    seed=st.integers(0, 2**40),
    top_k=st.sampled_from([0, 0, 3, 100]),
    top_p=st.sampled_from([1.0, 1.0, 0.8]),
    min_p=st.sampled_from([0.0, 0.0, 0.1]),
    repetition_penalty=st.sampled_from([1.0, 1.0, 1.3]),
)
requests = st.builds(
    Request,
    prompt=st.lists(st.integers(0, VOCAB_SIZE - 1), min_size=1, max_size=30),
    sampling=samplings,
    guard=st.sampled_from([None, None, NoRepeats()]),
)
plans = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 35), requests), min_size=1, max_size=6)


@pytest.mark.parametrize("name", VARIANTS)
@settings(max_examples=8, derandomize=True)
@given(plan=plans)
def test_every_sequence_is_the_one_generated_alone(name, plan):
    """Beyond the context too, where the window forgets or slides, with random joins and leaves."""
    model = MODELS[name]
    for (_, tokens, request), ids in zip(plan, written(model, plan), strict=True):
        assert ids == alone(model, request, tokens)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_long_text_of_one_row_is_the_same_up_to_rounding(name):
    """A single row of `generate` is added up in another order; among these ids no choice is that close."""
    model, sampling = MODELS[name], SamplingParams(temperature=1.0, seed=4)
    request = Request(prompt=[3, 1, 4, 1, 5], sampling=sampling)
    (ids,) = written(model, [(0, 300, request)])
    assert ids == alone(model, request, 300, copies=1)


@pytest.mark.parametrize("name", VARIANTS)
def test_rows_have_the_same_bits_in_any_company(name):
    assert is_independent(MODELS[name])


@pytest.mark.skipif(not torch.backends.mkl.is_available(), reason="another library may add in one order always")
def test_with_fewer_rows_the_bits_differ(monkeypatch):
    """So the filling up is needed, and `is_independent` sees where it lacks."""
    monkeypatch.setattr(rows, "LEAST_ROWS", 1)
    assert not is_independent(MODELS["relu"])


def test_what_is_forced_replaces_a_choice_and_changes_nothing_before_it():
    model, sampling = MODELS["swiglu"], SamplingParams(temperature=1.0, seed=2)
    plain = written(model, [(0, 30, Request(prompt=[1, 2], sampling=sampling))])[0]
    forced = (plain[10] + 1) % VOCAB_SIZE
    (ids,) = written(model, [(0, 30, Request(prompt=[1, 2], sampling=sampling, forced={10: forced}))])
    assert ids[:11] == [*plain[:10], forced] and ids[11:] != plain[11:]
    (same,) = written(model, [(0, 30, Request(prompt=[1, 2], sampling=sampling, forced={10: plain[10]}))])
    assert same == plain, "a number is drawn at a forced position all the same"


def test_probabilities_are_those_of_the_model():
    model = MODELS["classic"]
    request = Request(prompt=[1, 2], sampling=SamplingParams(temperature=0.5, seed=2, top_k=3), alternatives=4)
    batch, ids = Batch(model, 2), [1, 2]
    batch.join(request)
    for _ in range(8):
        ((_, chosen),) = batch.step()
        with torch.no_grad():
            expected = model(torch.tensor([ids]))[0, -1].softmax(dim=-1)
        best = expected.sort(descending=True)
        assert [token for token, _ in chosen.alternatives] == best.indices[:4].tolist()
        assert [share for _, share in chosen.alternatives] == pytest.approx(best.values[:4].tolist(), rel=1e-4)
        assert chosen.probability == pytest.approx(float(expected[chosen.token]), rel=1e-4)
        ids.append(chosen.token)


def test_no_alternative_is_forbidden():
    batch = Batch(MODELS["swiglu"], 1)
    batch.join(
        Request(
            prompt=[7], sampling=SamplingParams(temperature=1.0, seed=2), guard=NoRepeats(), alternatives=VOCAB_SIZE
        )
    )
    ((_, chosen),) = batch.step()
    tokens = {token for token, _ in chosen.alternatives}
    assert tokens == {token for token in range(VOCAB_SIZE) if token % 5 and token != 7}


def test_what_fails_in_one_sequence_ends_that_one_alone():
    class Failing(NoRepeats):
        def __init__(self, error):
            self.error, self.left = error, 3

        def advance(self, state, token):
            self.left -= 1
            if not self.left:
                raise self.error
            return state

    model, sampling = MODELS["yoke"], SamplingParams(temperature=1.0, seed=2)
    healthy = Request(prompt=[1, 2], sampling=sampling)
    for error in (DataError("too much is copied"), ZeroDivisionError("a fault")):
        batch, ids, errors = Batch(model, 2), [], []
        batch.join(Request(prompt=[3], sampling=sampling, guard=Failing(error)))
        row = batch.join(healthy)
        for _ in range(10):
            for one, chosen in batch.step():
                if one is row:
                    ids.append(chosen.token)
                elif isinstance(chosen, Exception):
                    errors.append(chosen)
        assert errors == [error] and batch.free == 1
        assert ids == alone(model, healthy, 10)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Request(prompt=[], sampling=SamplingParams(temperature=1.0, seed=1)), "the prompt has no token"),
        (
            Request(prompt=[1], sampling=SamplingParams(temperature=1.0, seed=1), forced={2: VOCAB_SIZE}),
            "token 40 at position 2 is none of this model's 40 tokens",
        ),
    ],
)
def test_a_wrong_request_does_not_join(request_, message):
    batch = Batch(MODELS["swiglu"], 1)
    with pytest.raises(DataError, match=message):
        batch.join(request_)
    assert batch.free == 1 and not batch.step()


def test_a_forced_token_that_the_guard_forbids_is_an_error():
    batch = Batch(MODELS["swiglu"], 1)
    guard = CharacterGuard([b"", b"\xff", *(b"a" for _ in range(VOCAB_SIZE - 2))])
    batch.join(Request(prompt=[3], sampling=SamplingParams(temperature=1.0, seed=1), guard=guard, forced={1: 1}))
    ((_, first),) = batch.step()
    assert not isinstance(first, Exception)
    ((_, second),) = batch.step()
    assert isinstance(second, DataError) and "token 1 cannot be at position 1" in str(second) and batch.free == 1


def test_long_prompts_are_read_one_after_the_other(monkeypatch):
    """A step reads at most READ_AT_ONCE tokens of prompts while sequences are written; other prompts wait."""
    monkeypatch.setattr(batching, "READ_AT_ONCE", 10)
    batch, sampling = Batch(tiny_model(CONFIG), 6), SamplingParams(temperature=1.0, seed=1)
    batch.join(Request(prompt=[1], sampling=sampling))
    batch.step()
    for length in (9, 3, 7, 12):
        batch.join(Request(prompt=[2] * length, sampling=sampling))
    assert [len(batch.step()) for _ in range(5)] == [2, 4, 5, 5, 5]
