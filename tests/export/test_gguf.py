"""model.gguf holds our weights and tokenizer, and llama.cpp writes our text with it, where it is installed."""

import dataclasses
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from gguf import GGUFReader

from poet.errors import ModelError
from poet.export.differences import GPT2
from poet.export.gguf import loading, write_gguf
from poet.generation.sampling import generate
from poet.model.saving import TrainedModel
from poet.params.model import ModelConfig, Yoke
from poet.params.sampling import SamplingParams
from poet.tokenizers.kinds import KINDS, train_tokenizer
from poet.tokenizers.tokenizer import encode
from tests.clone import ROOT
from tests.recipes import sizes
from tests.texts import babble
from tests.tiny import CONFIG, VARIANTS, tiny_model

TEXT = babble(1, 3000) + "Größe, ναί 🙂 – it's 12 o'clock.\n"
# Gives a tokenizer merges that depend on how words are split: llama.cpp's other patterns cut long numbers.
NUMBERS = "In 12345 and 12345, 67890 or 67890.\n" * 40
# Texts on which two readings of GPT-2's pattern could differ, or a special token could be found.
TEXTS = (
    *("The old man", "  two  spaces\n\n\ttab\r\n x ", "it's we'll 12345 ١٢ a1b", "Größe, ναί 🙂", "日本語 テキスト"),
    *("e\u0301 ß\u00a0nbsp\u2003em\u200bzero", "<|book|> and <|endoftext|> spelled", " ", "\n", "a\x00b"),
)
LENGTH = 64
CLASSIC = dataclasses.replace(VARIANTS["classic"], n_embd=32, sequence_len=LENGTH)
MODELS = {
    "classic": CLASSIC,
    "biases": dataclasses.replace(CLASSIC, bias=True),
    "head of its own": dataclasses.replace(CLASSIC, tied_head=False),
}


def trained_on_text(config, kind="bpe"):
    """A model that has learned from TEXT for a second: every part of it differs from its start."""
    tokenizer = train_tokenizer([TEXT, NUMBERS], sizes(kind))
    model = tiny_model(config, tokenizer.get_vocab_size())
    with torch.no_grad():
        # With the small weights of the start, a tied head repeats its input for ever.
        for parameter in model.blocks.parameters():
            parameter.mul_(5)
    ids = torch.from_numpy(encode(tokenizer, TEXT).astype(np.int64))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.005)
    for start in range(0, 150 * 5, 5):
        rows = torch.stack([ids[first : first + LENGTH + 1] for first in range(start, start + 256, 64)])
        loss, _ = model.loss(rows[:, :-1], rows[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return TrainedModel(model=model.requires_grad_(False), tokenizer=tokenizer, sha256="1" * 64)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The model `name` with a tokenizer of `kind`, and the folder that it was exported to."""
    made = {}

    def get(name, kind="bpe"):
        if (name, kind) not in made:
            trained, folder = trained_on_text(MODELS[name], kind), tmp_path_factory.mktemp("gguf") / "out"
            write_gguf(folder, trained, "the card")
            made[name, kind] = trained, folder
        return made[name, kind]

    return get


@pytest.mark.parametrize(("name", "kind"), [*((name, "bpe") for name in MODELS), ("classic", "byte")])
def test_llama_cpp_writes_our_text(folders, name, kind):
    llama_cpp = pytest.importorskip("llama_cpp")
    ours, folder = folders(name, kind)
    float32 = dict.fromkeys(("type_k", "type_v"), 0)  # of keys and values in the cache, which are float16 else
    path = str(folder / "model.gguf")
    theirs = llama_cpp.Llama(path, n_ctx=LENGTH, n_threads=1, logits_all=True, verbose=False, **float32)
    for text in TEXTS:
        ids = encode(ours.tokenizer, text).tolist()
        assert theirs.tokenize(text.encode(), add_bos=False, special=True) == ids
        assert theirs.detokenize(ids).decode() == text
    prompt = encode(ours.tokenizer, "The old ").tolist()
    assert theirs.tokenize(b"The old ") == prompt
    theirs.eval(prompt)
    with torch.no_grad():
        logits = ours.model(torch.tensor([prompt]))[0].numpy()
    # By GELU with tanh, in float16.
    np.testing.assert_allclose(theirs.scores[: len(prompt)], logits, atol=0.002)
    greedy = SamplingParams(temperature=0.0, seed=0)
    expected = [int(step[0]) for step in generate(ours.model, prompt, [greedy], 40, torch.float32)]
    theirs.reset()
    written = [
        token for token, _ in zip(theirs.generate(prompt, temp=0.0, repeat_penalty=1.0), range(40), strict=False)
    ]
    assert written == expected
    assert len(set(expected)) > 2
    theirs.close()


def test_the_program_of_the_card_runs(folders):
    pytest.importorskip("llama_cpp")
    _, folder = folders("classic")
    (program,) = re.findall(r"```python\n(.*?)```", loading(folder.name, LENGTH), re.DOTALL)
    alone = f"import sys\nsys.modules.update(torch=None, poet=None)\n{program}"
    done = subprocess.run([sys.executable, "-c", alone], cwd=folder.parent, capture_output=True, check=True)
    assert len(done.stdout.decode()) > 20


@pytest.mark.parametrize(("context", "tokens"), [(8, 4), (64, 32), (4096, 60)])
def test_the_program_of_the_card_asks_for_no_more_than_the_model_reads(context, tokens):
    assert f"n_ctx={context}, " in loading("x", context) and f"max_tokens={tokens}, " in loading("x", context)


def test_the_page_about_formats_shows_the_program_of_the_card():
    (program,) = re.findall(r"```python\n.*?```", loading("shakespeare-gguf", 256), re.DOTALL)
    assert program in (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")


def test_the_file_holds_our_weights_and_tokens(folders):
    for name in MODELS:
        ours, folder = folders(name)
        assert {path.name for path in folder.iterdir()} == {"model.gguf", "README.md"}
        reader = GGUFReader(folder / "model.gguf")
        facts = {key: field.contents() for key, field in reader.fields.items()}
        assert facts["general.architecture"] == "gpt2" and facts["poet.model_sha256"] == "1" * 64
        assert facts["gpt2.context_length"] == LENGTH and facts["gpt2.block_count"] == 2
        assert facts["tokenizer.ggml.tokens"] == [ours.tokenizer.id_to_token(i) for i in range(ours.model.vocab_size)]
        tensors = {tensor.name: tensor.data for tensor in reader.tensors}
        weights = ours.model.state_dict()
        np.testing.assert_array_equal(tensors["blk.1.ffn_up.weight"], weights["blocks.1.mlp.up.weight"].numpy())
        np.testing.assert_array_equal(tensors["position_embd.weight"], weights["positions.weight"].numpy())
        assert ("output.weight" in tensors) is (name == "head of its own")
        assert bool(tensors["blk.0.attn_qkv.bias"].any()) is (name == "biases")
        # Each of our tensors is there once; what is more are biases of zero.
        more = {key for key, values in tensors.items() if key.endswith("bias") and not values.any()}
        assert len(tensors) - len(more) == len(weights)


def test_the_same_model_makes_the_same_bytes(folders, tmp_path):
    ours, folder = folders("classic")
    write_gguf(tmp_path / "again", ours, "the card")
    assert (tmp_path / "again" / "model.gguf").read_bytes() == (folder / "model.gguf").read_bytes()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"norm": "rms"}, "norm: got rms, expected layer"),
        ({"positions": "rotary"}, "positions: got rotary, expected learned"),
        ({"activation": "relu2"}, "activation: got relu2, expected gelu"),
        ({"qk_norm": True}, "qk_norm: got true, expected false"),
        ({"softcap": 15.0}, "softcap: got 15.0, expected 0.0"),
        ({"n_kv_head": 1}, "n_kv_head: got 1, expected 2"),
        ({"n_layer": 3, "compression": 0.5}, "compression: got 0.5, expected 1.0"),
        ({"yoke": Yoke(layer=0, width=4, residual=True, state=False)}, 'yoke: got {"layer": 0, .*}, expected null'),
    ],
)
def test_what_llama_cpp_cannot_compute_is_refused_by_name(tmp_path, change, problem):
    model = tiny_model(dataclasses.replace(CLASSIC, **change), 300)
    tokenizer = train_tokenizer([TEXT], sizes("byte"))
    with pytest.raises(ModelError, match=rf"model\.{problem}\n"):
        write_gguf(tmp_path / "out", TrainedModel(model=model, tokenizer=tokenizer, sha256=""), "")
    assert list(tmp_path.iterdir()) == []


def test_every_key_of_the_model_has_a_place():
    """A new key must be carried, compared, or known to change no logit."""
    carried = {"n_layer", "n_head", "n_embd", "sequence_len", "bias", "tied_head"}
    compared = {*GPT2, "activation", "n_kv_head", "compression"}
    keys = {field.name for field in dataclasses.fields(ModelConfig)}
    assert keys == carried | compared | {"init", "dropout"}


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"bpe", "byte"}))
def test_tokenizers_that_llama_cpp_lacks_are_refused(tmp_path, kind):
    tokenizer = train_tokenizer([TEXT], sizes(kind))
    model = tiny_model(CONFIG, tokenizer.get_vocab_size())
    with pytest.raises(
        ModelError, match=rf"model\.norm: got rms(.|\n)*tokenize\.kind: got {kind}, expected bpe or byte"
    ):
        write_gguf(tmp_path / "out", TrainedModel(model=model, tokenizer=tokenizer, sha256=""), "")


def test_without_the_package_the_message_says_what_to_install(folders, tmp_path, monkeypatch):
    ours, _ = folders("classic")
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(ModelError, match="`pip install gguf`"):
        write_gguf(tmp_path / "out", ours, "")
    assert list(tmp_path.iterdir()) == []
