"""The options for sampling are those of SamplingParams: names, ranges, defaults, and what the command gets."""

import dataclasses

import click
import pytest
from click.testing import CliRunner

from poet.cli.sampling_options import HELP, sampling_options
from poet.params.sampling import SamplingParams


@click.command()
@click.argument("word")
@sampling_options
@click.option("--loud", is_flag=True)
def command(word: str, sampling: SamplingParams, loud: bool) -> None:
    """Print what arrives."""
    click.echo(f"{word} {loud} {sampling}")


def printed(*arguments):
    result = CliRunner().invoke(command, ["w", *arguments])
    assert result.exit_code == 0, result.output
    return result.output.strip()


def test_every_parameter_has_an_option():
    assert set(HELP) == {field.name for field in dataclasses.fields(SamplingParams)}


def test_defaults():
    assert printed() == f"w False {SamplingParams(temperature=0.8, seed=1)}"


def test_every_option_reaches_its_parameter():
    values = {"temperature": 0.5, "top_k": 7, "top_p": 0.9, "min_p": 0.1, "repetition_penalty": 1.2, "seed": 3}
    for name, value in values.items():
        expected = dataclasses.replace(SamplingParams(temperature=0.8, seed=1), **{name: value})
        assert printed("--loud", f"--{name.replace('_', '-')}", str(value)) == f"w True {expected}"


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("--temperature", "-0.1", "0<=x<=10"),
        ("--temperature", "11", "0<=x<=10"),
        ("--top-k", "-1", "0<=x<=1000000"),
        ("--top-p", "0", "0<x<=1"),
        ("--top-p", "1.1", "0<x<=1"),
        ("--min-p", "1", "0<=x<1"),
        ("--repetition-penalty", "0.9", "1<=x<=100"),
        ("--seed", "-1", "0<=x<=9223372036854775807"),
        ("--seed", str(2**128), "0<=x<=9223372036854775807"),
        ("--temperature", "nan", "should be a finite number"),
        ("--temperature", "inf", "0<=x<=10"),
        ("--temperature", "1e-45", "at least 0.001"),
        ("--top-p", "nan", "should be a finite number"),
        ("--min-p", "nan", "should be a finite number"),
        ("--repetition-penalty", "nan", "should be a finite number"),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_range(option, value, allowed):
    result = CliRunner().invoke(command, ["w", option, value])
    assert result.exit_code == 2 and allowed in result.output


def test_help_shows_the_options_in_their_order():
    shown = CliRunner().invoke(command, ["--help"]).output
    positions = [shown.index(f"--{name.replace('_', '-')} ") for name in HELP]
    assert positions == sorted(positions)
    assert "[default: 0.8; 0<=x<=10]" in shown
