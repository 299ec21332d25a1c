"""What the lesson's figures compute, in Node, against torch and against the index of the project."""

import contextlib
import math
import re
import subprocess

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from poet.export.lesson import LESSON, SCRIPTS
from poet.export.tokenizer import describe_tokenizer
from poet.export.weights import pack_weights
from poet.model import layers
from poet.tokenizers.kinds import train_tokenizer
from poet.tokenizers.tokenizer import encode, token_bytes
from tests.attribution.shelf import indexed
from tests.clone import ROOT
from tests.export.engine.made import TEXTS
from tests.export.engine.node import NODE, base64_of, running_node
from tests.recipes import sizes
from tests.tiny import CONFIG, VARIANTS, tiny_model

pytestmark = pytest.mark.skipif(not NODE, reason="Node is not installed")

COMMANDS = ROOT / "tests" / "export" / "lesson" / "commands.js"
LINE = "The old wörd 😀 of a"


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """The program of the worker with the lesson's reading and searching."""
    files = [*(LESSON / name for name in ("lesson_reading.js", "lesson_suffixes.js")), COMMANDS]
    more = "".join(path.read_text(encoding="utf-8") for path in files)
    with running_node(tmp_path_factory.mktemp("node"), more) as running:
        yield running


def load(node, config=CONFIG, kind="char"):
    """A model and its tokenizer in Python and in Node."""
    tokenizer = train_tokenizer(TEXTS.values(), sizes(kind))
    model = tiny_model(config, tokenizer.get_vocab_size())
    packed = pack_weights(model, "float32")
    described = {"description": packed.description, "weights": base64_of(packed.content)}
    whole = node("reader", **described, tokenizer=describe_tokenizer(tokenizer))
    return model, tokenizer, whole


@contextlib.contextmanager
def watched(monkeypatch):
    """The weights (H, T, T) of the heads in each layer, computed by the definition, while torch reads."""
    attend, seen = layers.attend, []

    def watch(q, k, v, dropout=0.0):
        k_all = k.repeat_interleave(q.size(1) // k.size(1), dim=1)
        scores = q @ k_all.mT / math.sqrt(q.size(-1))  # (1, H, T, T)
        future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        seen.append(scores.masked_fill(future, -torch.inf).softmax(-1)[0])
        return attend(q, k, v, dropout)

    monkeypatch.setattr(layers, "attend", watch)
    yield seen
    monkeypatch.undo()


@pytest.mark.parametrize("config", [CONFIG, *VARIANTS.values()], ids=["modern", *VARIANTS])
def test_surprise_and_attention_are_those_of_torch(node, monkeypatch, config):
    model, tokenizer, _ = load(node, config)
    found = node("read", text=LINE)
    ids = [*encode(tokenizer, "\n").tolist(), *encode(tokenizer, LINE).tolist()][: config.sequence_len]
    assert [token["id"] for token in found] == ids and len(ids) == config.sequence_len
    with watched(monkeypatch) as seen, torch.no_grad():
        chances = model(torch.tensor([ids]))[0].log_softmax(-1)
    expected = [-float(chances[place - 1, id]) / math.log(2) for place, id in enumerate(ids) if place]
    np.testing.assert_allclose([token["bits"] for token in found[1:]], expected, atol=1e-4)
    assert len(found[0]["attention"]) == config.n_layer * config.n_head
    for place, token in enumerate(found):
        heads = torch.cat([layer[:, place, : place + 1] for layer in seen]).numpy()  # (layers * H, place + 1)
        np.testing.assert_allclose(np.array(token["attention"]), heads, atol=1e-5)


def test_a_line_is_read_from_its_first_change_on(node):
    lines = ["The", "The old", "The odd word", "", "A", "The odd word"]
    load(node)
    read_on = [node("read", text=line) for line in lines]
    for line, tokens in zip(lines, read_on, strict=True):
        load(node)
        assert node("read", text=line) == tokens


def test_of_two_readings_the_later_one_counts(node):
    load(node)
    tokens = node("read", text="The o")
    first, second = node("readBoth", texts=["A " * 5, "The o"])
    # The first waits when the second begins, and has given way when it goes on.
    assert first is None
    assert [token["id"] for token in second] == [token["id"] for token in tokens]


@pytest.mark.parametrize("kind", ["char", "byte", "bpe", "ngram"])
def test_chances_bend_with_the_temperature_and_show_whole_characters_alone(node, kind):
    model, tokenizer, whole = load(node, kind=kind)
    for token, (content, is_whole) in enumerate(zip(token_bytes(tokenizer), whole, strict=True)):
        with contextlib.suppress(UnicodeDecodeError):
            assert is_whole == bool(content.decode("utf-8")), token
            continue
        assert not is_whole
    node("read", text="The ")
    ids = [*encode(tokenizer, "\n").tolist(), *encode(tokenizer, "The ").tolist()]
    with torch.no_grad():
        logits = model(torch.tensor([ids]))[0, -1]
    for temperature in (0.3, 1.0, 1.8):
        chances = (logits / temperature).softmax(-1).tolist()
        shown = node("next", temperature=temperature)
        order = [token for token in np.argsort(chances)[::-1][:64].tolist() if whole[token]][:8]
        assert {one["token"] for one in shown} == set(order)
        np.testing.assert_allclose([one["probability"] for one in shown], [chances[i] for i in order], atol=1e-5)
        assert all(one["text"].encode() == token_bytes(tokenizer)[one["token"]] for one in shown)
    draws = node("draws", temperature=2.0, seed=3, count=200)
    assert all(whole[token] for token in draws) and len(set(draws)) > 5


lines = st.text(st.sampled_from("abé ü𝄞😀\n"), min_size=1, max_size=30)


@given(lines, st.text(st.sampled_from("abé ü𝄞"), min_size=1, max_size=4))
@example("to be or not to be", "be")
@example("aaaa", "aa")
@settings(max_examples=60, deadline=None)
def test_the_endings_are_the_suffix_array_of_the_index(node, text, passage):
    (shard,) = indexed({"one": text}).exact
    # Bytes of UTF-8 become characters; the boundary of the book has no ending.
    places = {len(text[:i].encode()): i for i in range(len(text))}
    expected = [places[byte] for byte in shard.suffixes.tolist() if byte in places]
    assert node("endings", text=text) == expected
    found = node("search", text=text, passage=passage)
    assert sorted(expected[found["low"] : found["high"]]) == [
        i for i in range(len(text)) if text.startswith(passage, i)
    ]
    assert len(found["steps"]) <= math.ceil(math.log2(len(text) + 1))


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_markup_from_strings_no_outside_address_and_no_long_line(name):
    text = (LESSON / name).read_text(encoding="utf-8")
    for sign in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "new Function", "fetch("):
        assert sign not in text
    assert not re.findall(r"https?://", text) and "</script" not in text
    lines = text.splitlines()
    assert lines[0].startswith("// ") and len(lines) < 320 and max(map(len, lines)) <= 120


def test_the_scripts_are_all_there_and_are_scripts(tmp_path):
    assert {path.name for path in LESSON.glob("*.js")} == set(SCRIPTS)
    for name in SCRIPTS:
        subprocess.run([NODE, "--check", str(LESSON / name)], check=True)
