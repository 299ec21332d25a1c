"""Sampling parameters: one class, its ranges checked wherever they come from."""

import dataclasses

import pydantic
import pytest

from poet.params.sampling import SamplingLimits, SamplingParams, sampling_params


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -0.1),
        ("temperature", 10.5),
        ("seed", -1),
        ("top_k", -1),
        ("top_p", 0.0),
        ("top_p", 1.1),
        ("min_p", 1.0),
        ("repetition_penalty", 0.9),
    ],
)
def test_values_out_of_range_are_refused(name, value):
    good = {"temperature": 0.8, "seed": 1}
    SamplingParams(**good)
    with pytest.raises(pydantic.ValidationError):
        SamplingParams(**good | {name: value})


def test_the_section_of_params_yaml_makes_the_parameters_of_a_sample(params):
    settings = dataclasses.replace(params.sample, top_k=5, top_p=0.9, min_p=0.1, repetition_penalty=1.2)
    made = sampling_params(settings, temperature=0.6, seed=7)
    assert made == SamplingParams(temperature=0.6, seed=7, top_k=5, top_p=0.9, min_p=0.1, repetition_penalty=1.2)
    assert {field.name for field in dataclasses.fields(SamplingLimits)} == {
        "top_k",
        "top_p",
        "min_p",
        "repetition_penalty",
    }
