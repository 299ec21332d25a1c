"""The page's functions in node, beside Python: tints as in the report, links that say what they were made from."""

import json
import subprocess
from urllib.parse import urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from poet.params.sampling import LEAST_TEMPERATURE
from poet.report.highlight import lay_out
from poet.results.attribution import Span
from poet.serve.request import MOST_CHARACTERS, MOST_TOKENS, Writing
from tests.export.engine.node import NODE
from tests.export.paper import HERE

pytestmark = pytest.mark.skipif(not NODE, reason="Node is not installed")

FACTS = {"model_sha256": "ab" * 32, "precision": "int8", "name": "one"}
# Letters, marks, joiners, quotes, brackets, blanks of several kinds, scripts without blanks, one beyond 16 bits.
CHARACTERS = "ab é̈'’-\u2011\"«(). ,!\n\u00a0\u200d\u00ad²\x1c\ufeff天地かท𝒳"


@pytest.fixture(scope="module")
def call():
    """Calls a function of the page with arguments that JSON can hold."""
    with subprocess.Popen(
        [NODE, HERE / "functions.js"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:

        def ask(name, *arguments):
            process.stdin.write(json.dumps({"call": name, "arguments": arguments}) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()


@st.composite
def texts_with_spans(draw):
    text = draw(st.text(CHARACTERS, max_size=60))
    before = draw(st.text(CHARACTERS, max_size=6))
    edges = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))
    spans = draw(st.lists(edges.map(sorted).filter(lambda pair: pair[0] < pair[1]), max_size=6))
    return text, spans, before


@given(texts_with_spans())
@example(("to be or not to be", [[0, 8], [7, 18]], ""))
@example(("ing and lov", [[0, 11]], "lov"))
@settings(max_examples=300)
def test_tints_are_those_of_the_report(call, case):
    text, spans, before = case
    python = [Span(start=start, end=end, exact=True, surprise=0.0, sources=()) for start, end in spans]
    expected = [[tint.span, tint.start, tint.end] for tint in lay_out(text, python, before)]
    assert call("tintsOf", text, [{"start": start, "end": end} for start, end in spans], before) == expected


@given(st.lists(st.integers(0, 4), max_size=12), st.lists(st.integers(0, 30), max_size=6, unique=True).map(sorted))
def test_pieces_are_the_text_and_keep_every_token(call, lengths, edges):
    total = sum(lengths)
    tints = [pair for pair in zip(edges[::2], edges[1::2], strict=False) if pair[1] <= total]
    pieces = call("piecesOf", lengths, tints)
    parts = [part for _, piece in pieces for part in piece]
    assert [place for _, start, end in parts for place in range(start, end)] == list(range(total))
    tinted = [place for is_tint, piece in pieces if is_tint for _, start, end in piece for place in range(start, end)]
    assert tinted == [place for start, end in tints for place in range(start, end)]
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    assert all(starts[token] <= start < end <= starts[token] + lengths[token] for token, start, end in parts)


RECIPES = st.fixed_dictionaries({
    "prompt": st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]), min_size=1, max_size=40),
    "line": st.none() | st.text("abc-1", min_size=1, max_size=8),
    "settings": st.fixed_dictionaries({
        "temperature": st.sampled_from([0, 0.001, 0.8, 1.25, 10]),
        "top_k": st.integers(0, 1_000_000),
        "top_p": st.sampled_from([0.05, 0.9, 1]),
        "min_p": st.sampled_from([0, 0.05]),
        "repetition_penalty": st.sampled_from([1, 1.3, 100]),
        "seed": st.integers(0, 2**53 - 1),
        "max_copy": st.integers(0, 1000),
        "tokens": st.just(1000),
    }),
    "forced": st.dictionaries(st.integers(0, 999), st.integers(0, 50_000), max_size=5).map(
        lambda chosen: [list(pair) for pair in sorted(chosen.items())]
    ),
})


@given(RECIPES)
def test_a_link_says_what_the_text_was_made_from(call, recipe):
    link = call("writeLink", recipe, FACTS)
    assert link.startswith("#") and link.isascii() and " " not in link
    read = call("readLink", link)
    assert read["recipe"] == recipe
    assert read["model"] == "ab" * 6 and read["precision"] == "int8"


@given(
    st.dictionaries(st.sampled_from(["prompt", "temperature", "top_p", "seed", "tokens", "forced", "model"]), st.text())
)
@example({"prompt": "a", "temperature": "-1", "seed": "1e999", "tokens": "99999", "forced": "0.0-x-1.2.3-9999999.1"})
@example({"prompt": "a\0b" * 9000, "temperature": "NaN", "tokens": ""})
def test_a_hostile_link_is_no_link_or_one_that_an_engine_takes(call, values):
    read = call("readLink", "#" + urlencode(values, errors="surrogatepass"))
    if read is None:
        return
    recipe, made = read["recipe"], read["recipe"]["settings"]
    assert 1 <= len(recipe["prompt"]) <= MOST_CHARACTERS
    recipe["prompt"].encode("utf-8")
    names = {**made, "max_new_tokens": made["tokens"]}
    del names["tokens"]
    Writing(**names)  # it checks every range
    assert all(index < made["tokens"] for index, _ in recipe["forced"])


def test_the_choices_of_a_link_are_in_order_and_within_the_text(call):
    read = call("readLink", "#prompt=a&tokens=5&forced=7.1-3.2-1.4-5.6")
    assert read["recipe"]["forced"] == [[1, 4], [3, 2]]


def test_values_out_of_range_become_the_nearest_that_python_takes(call):
    for value in (-1, 0.0001, 1e9):
        names = {name: call("fitSetting", name, value) for name in ("temperature", "top_k", "top_p", "min_p")}
        names |= {name: call("fitSetting", name, value) for name in ("repetition_penalty", "seed", "max_copy")}
        Writing(max_new_tokens=call("fitSetting", "tokens", value), **names)
    assert call("fitSetting", "tokens", 1e9) == MOST_TOKENS
    assert call("fitSetting", "temperature", 1e-9) == LEAST_TEMPERATURE


def test_a_link_of_another_model_says_so(call):
    mine = {"model": "ab" * 6, "precision": "int8"}
    assert call("modelOfLink", mine, [FACTS])["warning"] == ""
    other = call("modelOfLink", {**mine, "model": "cd" * 6}, [FACTS])
    assert "another model" in other["warning"] and other["facts"] == FACTS and not other["same"]
    assert "precision" in call("modelOfLink", {**mine, "precision": "float32"}, [FACTS])["warning"]
    second = {**FACTS, "model_sha256": "cd" * 32, "name": "two"}
    assert call("modelOfLink", {**mine, "model": "cd" * 6}, [FACTS, second])["facts"]["name"] == "two"


def test_a_text_appears_at_its_pace(call):
    """Two tokens are known from the parent; the others come one in 25 ms, at most 100 ms at once after a pause."""
    tokens = [{"type": "token", "index": index} for index in range(12)]
    events = [*tokens[:4], {"type": "spans"}, *tokens[4:], {"type": "spans"}, {"type": "done", "reason": "length"}]
    out = call("paced", 2, events, [1000, 1010, 1150, 1160], 40)
    assert out["seen"] == [[0, 1, 2, 3, "spans", 4, 5, 6], [], [7, 8, 9, 10, 11, "spans", "done"], []]
    out = call("paced", 2, events, [1000], 40)
    assert out["left"] == [["spans", None], ["done", "stopped"]] and not out["running"], "the engine has ended before"
    assert out["waiting"] == 0, "what is written after a stop is not shown"
    out = call("paced", 0, events[:-1], [0], None)
    assert out["seen"] == [[*range(4), "spans", *range(4, 12), "spans"]] and out["running"]


@given(st.text(st.characters(exclude_categories=[])))
def test_what_is_shown_can_be_written_as_xml(call, text):
    shown = call("visible", text)
    assert not any(ord(character) < 32 and character not in "\t\n" for character in shown)
    shown.encode("utf-8")
    assert not set(shown) & {"\ufffe", "\uffff"}
