"""What strangers ask is checked: every wrong value is one message that names it, and no right one is changed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.errors import PoetError
from poet.params.sampling import SamplingParams
from poet.serve.request import MOST_CHARACTERS, MOST_PROMPTS, PARAMETERS, Writing, read_prompts, read_writing

ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"max_new_tokens": 1001}, "max_new_tokens should be less than or equal to 1000, got 1001."),
        ({"max_new_tokens": 0}, "max_new_tokens should be greater than or equal to 1, got 0."),
        ({"temperature": math.nan}, "temperature should be a finite number, got nan."),
        ({"temperature": 1e-9}, "temperature should be 0, for the most probable token always, or at least 0.001"),
        ({"top_p": 0.0}, "top_p should be greater than 0, got 0.0."),
        ({"top_k": "5"}, "top_k should be a valid integer, got '5'."),
        ({"seed": -1}, "seed should be greater than or equal to 0, got -1."),
        ({"max_copy": True}, "max_copy should be a valid integer, got True."),
        ({"min_p": 0.5}, "'min_p' is no parameter; there are max_new_tokens, temperature,"),
        ({"\x1b[31m" * 30: 1}, " ... is no parameter"),
    ],
)
def test_a_wrong_parameter_is_one_message(parameters, message):
    with pytest.raises(PoetError) as error:
        read_writing(parameters)
    assert message in error.value.message and "\n" not in error.value.message and len(error.value.message) < 200


def test_the_defaults_are_those_of_poet_generate():
    assert read_writing({}) == Writing(max_new_tokens=300, temperature=0.8, top_k=0, top_p=1.0, seed=1, max_copy=0)
    assert read_writing({"temperature": 0}).temperature == 0.0


@given(st.dictionaries(st.sampled_from(PARAMETERS), ANYTHING))
def test_any_parameters_are_taken_as_they_are_or_refused(parameters):
    try:
        writing = read_writing(parameters)
    except PoetError as error:
        assert len(error.message) < 300
        return
    assert {name: getattr(writing, name) for name in parameters} == parameters
    assert isinstance(writing, SamplingParams) and 1 <= writing.max_new_tokens <= 1000


@pytest.mark.parametrize(
    ("prompts", "message"),
    [
        ([], f"1 to {MOST_PROMPTS} prompts, got 0"),
        (["a"] * (MOST_PROMPTS + 1), f"got {MOST_PROMPTS + 1}"),
        (["a", ""], "prompt 2 should have 1 to 10,000 characters, got 0"),
        (["a" * (MOST_CHARACTERS + 1)], "got 10,001"),
        ([None], "prompt 1 should be a text, got None"),
        (["good", "bad \ud800"], "prompt 2 is no Unicode text (character 4)"),
    ],
)
def test_wrong_prompts_are_one_message(prompts, message):
    with pytest.raises(PoetError) as error:
        read_prompts(prompts)
    assert message in error.value.message


def test_good_prompts_stay_as_they_are():
    assert read_prompts(["To be", "東"]) == ["To be", "東"]
