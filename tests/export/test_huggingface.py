"""An exported folder against the real library transformers, and back: logits, greedy tokens, weights to the bit."""

import dataclasses
import json
import os

# Set before the library is imported: no test asks the Hub.
os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
import torch
from safetensors.torch import load_file, save_file

from poet.errors import ModelError
from poet.export.huggingface_config import ACTIVATIONS, REQUIRED, architecture_of, huggingface_config
from poet.export.huggingface_config import CARRIED as KEYS
from poet.export.huggingface_import import import_huggingface
from poet.generation.sampling import generate
from poet.model.description import read_description
from poet.params.model import ModelConfig, Yoke
from poet.params.sampling import SamplingParams
from poet.tokenizers.tokenizer import encode
from tests.export.hugging import CARRIED, LENGTH, exported, train_model
from tests.tiny import CONFIG, VARIANTS

transformers = pytest.importorskip("transformers")

GREEDY = SamplingParams(temperature=0.0, seed=0)


def loaded(folder):
    """The model in `folder` as anybody loads it; every weight of it has to come from the file."""
    model, report = transformers.AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True)
    assert not any(report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), report
    return model.eval()


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Model and export of each variant, made when first asked for."""
    made = {}

    def get(name):
        if name not in made:
            folder = tmp_path_factory.mktemp("models")
            trained = train_model(folder / "model", CARRIED[name])
            made[name] = trained, folder / "model", exported(folder / "out", folder / "model")
        return made[name]

    return get


@pytest.mark.parametrize("name", CARRIED)
def test_transformers_computes_the_same(folders, name):
    trained, _, out = folders(name)
    theirs = loaded(out)
    assert (
        type(theirs).__name__
        == {"nanochat": "NanoChatForCausalLM", "gpt2": "GPT2LMHeadModel"}[architecture_of(CARRIED[name])]
    )
    ids = torch.randint(trained.model.vocab_size, (2, LENGTH), generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        assert torch.allclose(theirs(ids).logits, trained.model(ids), rtol=0, atol=1e-4)
    prompt = encode(trained.tokenizer, "The old king ")
    ours = [int(one[0]) for one in generate(trained.model, prompt, [GREEDY], 40, torch.float32)]
    written = theirs.generate(torch.from_numpy(prompt.astype("int64"))[None], max_new_tokens=40, do_sample=False)
    assert written[0, len(prompt) :].tolist() == ours and len(set(ours)) > 5


@pytest.mark.parametrize("name", CARRIED)
def test_the_folder_comes_back_to_the_bit(folders, tmp_path, name):
    trained, model, out = folders(name)
    assert import_huggingface(out, tmp_path / "back") == trained.sha256
    before, after = read_description(model), read_description(tmp_path / "back")
    same = {"compression": 1.0} if "in vain" in name else {}
    assert after == dataclasses.replace(before, model=dataclasses.replace(before.model, **same))


def test_biases_of_zero_come_back(tmp_path):
    """As at the start of every training: whether there are biases is a choice, not a matter of their values."""
    trained = train_model(tmp_path / "model", CARRIED["classic with biases"], steps=0)
    assert not any(weight.any() for key, weight in trained.model.state_dict().items() if key.endswith("up.bias"))
    out = exported(tmp_path / "out", tmp_path / "model")
    assert import_huggingface(out, tmp_path / "back") == trained.sha256
    assert read_description(tmp_path / "back").model.bias


@pytest.mark.parametrize("name", ["modern", "grouped queries", "no soft-cap", "classic", "classic with biases"])
def test_what_transformers_saves_comes_back(folders, tmp_path, name):
    """Also in half precision, and after further training, when the text that it knows is no longer ours alone."""
    trained, model, out = folders(name)
    theirs, tokenizer = loaded(out), transformers.AutoTokenizer.from_pretrained(out)
    for folder, changed in (("same", False), ("further", True)):
        if changed:
            with torch.no_grad():
                theirs.get_input_embeddings().weight[5] += 0.5
        theirs.save_pretrained(tmp_path / folder)
        tokenizer.save_pretrained(tmp_path / folder)
        digest = import_huggingface(tmp_path / folder, tmp_path / "back")
        assert (digest == trained.sha256) is not changed
        after = read_description(tmp_path / "back")
        assert (after.data_sha256 == "") is changed and after.model == read_description(model).model
    theirs.half().save_pretrained(tmp_path / "same")
    import_huggingface(tmp_path / "same", tmp_path / "back")
    assert load_file(tmp_path / "back" / "model.safetensors")["embedding.weight"].dtype == torch.float32


def test_swapped_halves_matter(folders, tmp_path):
    """The test of the logits can fail: with the rows of the queries as they are, it does."""
    trained, _, out = folders("modern")
    weights = load_file(out / "model.safetensors")
    rows = trained.model.state_dict()["blocks.0.attention.qkv.weight"][: CONFIG.n_embd]
    weights["model.layers.0.self_attn.q_proj.weight"] = rows.contiguous()
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_bytes((out / "config.json").read_bytes())
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    ids = torch.arange(LENGTH)[None]
    with torch.no_grad():
        assert not torch.allclose(loaded(broken)(ids).logits, trained.model(ids), rtol=0, atol=1e-2)


# What makes `modern` and `classic` models that no class there computes, and the key that the message names.
REFUSED = {
    "modern": {
        "norm": "layer",
        "positions": "learned",
        "activation": "swiglu",
        "qk_norm": False,
        "bias": True,
        "compression": 0.25,
        "yoke": Yoke(layer=1, width=6, residual=True, state=False),
    },
    "classic": {
        "n_kv_head": 1,
        "norm": "rms",
        "positions": "rotary",
        "activation": "swiglu",
        "qk_norm": True,
        "softcap": 15.0,
        "compression": 0.25,
        "yoke": Yoke(layer=0, width=6, residual=False, state=True),
    },
}
PRESETS = {"modern": CONFIG, "classic": VARIANTS["classic"]}


@pytest.mark.parametrize(("preset", "key"), [(preset, key) for preset in REFUSED for key in REFUSED[preset]])
def test_what_has_no_equal_is_refused_by_name(preset, key):
    config = dataclasses.replace(PRESETS[preset], n_layer=3, **{key: REFUSED[preset][key]})
    with pytest.raises(ModelError, match=rf"differs in:\n  model\.{key}: got .*expected"):
        huggingface_config(config, 40)


def test_several_differences_are_told_at_once():
    config = dataclasses.replace(CONFIG, n_layer=3, activation="swiglu", compression=0.5, qk_norm=False)
    with pytest.raises(ModelError) as raised:
        architecture_of(config)
    assert all(f"model.{key}: " in str(raised.value) for key in ("activation", "compression", "qk_norm"))


@pytest.mark.parametrize("name", REQUIRED)
def test_every_key_of_the_model_has_a_place(name):
    """A new key of ModelConfig is carried over, compared, or free, before anything can be exported with it."""
    known = {*KEYS[name], *REQUIRED[name], "activation", "compression", "init"}
    known |= {"n_kv_head", "bias"} if name == "gpt2" else set()
    assert known == {field.name for field in dataclasses.fields(ModelConfig)}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_are_the_same_functions(activation):
    from poet.model.layers import ACTIVATIONS as OURS

    x = torch.linspace(-4, 4, 101)
    torch.testing.assert_close(transformers.activations.ACT2FN[activation](x), OURS[activation](x))


# Changes to config.json of a NanoChat or a GPT-2 after which it computes something else, or nothing at all.
CHANGES = [
    ("modern", "rms_norm_eps", 1e-5),
    ("modern", "rope_parameters", {"rope_type": "default", "rope_theta": 500000.0}),
    ("modern", "intermediate_size", 48),
    ("modern", "attention_bias", True),
    ("modern", "hidden_act", "silu"),
    ("modern", "head_dim", 4),
    ("modern", "quantization_config", {"bits": 4}),
    ("modern", "model_type", "llama"),
    ("modern", "model_type", []),
    ("modern", "hidden_size", "16"),
    ("modern", "num_hidden_layers", 3),
    ("modern", "num_hidden_layers", 900),
    ("modern", "tie_word_embeddings", True),
    ("modern", "vocab_size", 461),
    ("modern", "vocab_size", None),
    ("classic", "activation_function", "gelu_new"),
    ("classic", "layer_norm_epsilon", 1e-6),
    ("classic", "scale_attn_by_inverse_layer_idx", True),
    ("classic", "n_inner", 48),
    ("classic", "n_positions", 32),
]


@pytest.mark.parametrize(("name", "key", "value"), CHANGES)
def test_what_none_of_ours_computes_is_not_imported(folders, tmp_path, name, key, value):
    _, _, out = folders(name)
    for file in ("model.safetensors", "tokenizer.json"):
        (tmp_path / file).write_bytes((out / file).read_bytes())
    content = json.loads((out / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(content | {key: value}), encoding="utf-8")
    with pytest.raises(ModelError):
        import_huggingface(tmp_path, tmp_path / "back")
    # A key that is gone would be the library's own default.
    content.pop(key, None)
    (tmp_path / "config.json").write_text(json.dumps(content), encoding="utf-8")
    if key != "quantization_config":
        with pytest.raises(ModelError):
            import_huggingface(tmp_path, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def broken(weights, change):
    return {
        "missing": {key: tensor for key, tensor in weights.items() if "fc1" not in key},
        "unknown": weights | {"model.layers.0.self_attn.q_proj.bias": torch.ones(16)},
        "NaN": weights | {"lm_head.weight": weights["lm_head.weight"] * float("nan")},
        "I8": weights | {"lm_head.weight": weights["lm_head.weight"].to(torch.int8)},
        "F8_E4M3": weights | {"lm_head.weight": weights["lm_head.weight"].to(torch.float8_e4m3fn)},
        "F64": weights | {"lm_head.weight": weights["lm_head.weight"].double() * 1e300},
        "shape": weights | {"lm_head.weight": weights["lm_head.weight"][:-1].contiguous()},
    }[change]


@pytest.mark.parametrize("change", ["missing", "unknown", "NaN", "I8", "F8_E4M3", "F64", "shape"])
def test_other_weights_are_not_imported(folders, tmp_path, change):
    _, _, out = folders("modern")
    for file in ("config.json", "tokenizer.json"):
        (tmp_path / file).write_bytes((out / file).read_bytes())
    save_file(broken(load_file(out / "model.safetensors"), change), tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match=change):
        import_huggingface(tmp_path, tmp_path / "back")
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "model.safetensors"])
def test_missing_and_damaged_files_are_named(folders, tmp_path, file):
    _, _, out = folders("modern")
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / name).write_bytes((out / name).read_bytes())
    (tmp_path / file).write_bytes(b"{")
    with pytest.raises(ModelError, match=file):
        import_huggingface(tmp_path, tmp_path / "back")
    (tmp_path / file).unlink()
    (tmp_path / "model.safetensors.index.json").write_bytes(b"{}")
    with pytest.raises(ModelError, match=rf"lacks {file}.*several files"):
        import_huggingface(tmp_path, tmp_path / "back")


def test_the_same_model_gives_the_same_folder(folders, tmp_path):
    _, model, out = folders("modern")
    again = exported(tmp_path / "again", model)
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in out.iterdir()
    }


def test_a_refused_model_leaves_nothing(tmp_path):
    train_model(tmp_path / "model", VARIANTS["swiglu"], steps=1)
    with pytest.raises(ModelError, match="swiglu"):
        exported(tmp_path / "out", tmp_path / "model")
    assert not list(tmp_path.glob("*out*"))
