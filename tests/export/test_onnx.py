"""model.onnx in onnxruntime gives our logits and our tokens, for every variant of the model that ONNX can carry."""

import re
import subprocess
import sys

import numpy as np
import onnx
import pytest
import torch

from poet.errors import ModelError
from poet.export import onnx as export
from poet.export.onnx import MODEL, loading, write_onnx
from poet.generation.sampling import generate
from poet.model.saving import TrainedModel
from poet.params.sampling import SamplingParams
from poet.tokenizers.kinds import train_tokenizer
from poet.tokenizers.tokenizer import encode
from tests.clone import ROOT
from tests.export import onnx_speed
from tests.export.onnx_session import OnnxModel
from tests.recipes import sizes
from tests.stages.small import save_untrained
from tests.texts import babble
from tests.tiny import CONFIG, VARIANTS, tiny_model

TOKENIZER = train_tokenizer([babble(1, 3000)], sizes("bpe"))
GREEDY = SamplingParams(temperature=0.0, seed=0)
CARRIED = {"modern": CONFIG, **{name: config for name, config in VARIANTS.items() if name != "yoke state"}}


def trained(config=CONFIG):
    """A model with random weights that fits TOKENIZER."""
    model = tiny_model(config, TOKENIZER.get_vocab_size())
    if config.init == "normal":
        # Such weights are so small that a tied head repeats its input for ever.
        with torch.no_grad():
            for parameter in model.blocks.parameters():
                parameter.mul_(30)
    return TrainedModel(model=model, tokenizer=TOKENIZER, sha256="1" * 64)


def exported(folder, config):
    """The same model twice: ours, and where model.onnx is."""
    ours = trained(config)
    write_onnx(folder, ours, "the card")
    return ours.model


@pytest.mark.parametrize("name", CARRIED)
def test_every_variant_gives_our_logits_and_our_tokens(tmp_path, name):
    ours = exported(tmp_path, CARRIED[name])
    ids = np.random.default_rng(5).integers(0, ours.vocab_size, (3, 12))
    theirs = OnnxModel(tmp_path, batch=3)
    # A prompt, a longer piece behind it, and single tokens: three ways through the cache.
    logits = np.concatenate([theirs(ids[:, a:b]) for a, b in ((0, 5), (5, 9), (9, 10), (10, 11), (11, 12))], axis=1)
    with torch.no_grad():
        np.testing.assert_allclose(logits, ours(torch.from_numpy(ids)).numpy(), atol=1e-4)
    # Four windows of text, so that the model forgets or slides several times.
    prompt = ids[0, :7].tolist()
    expected = [int(step[0]) for step in generate(ours, prompt, [GREEDY], 40, torch.float32)]
    assert list(OnnxModel(tmp_path).greedy(prompt, 40)) == expected
    assert len(set(expected)) > 3


def test_positions_far_behind_the_context_stay_exact(tmp_path):
    """Rotary positions count on for ever, and only their distances matter: a million gives what zero gives."""
    exported(tmp_path, CONFIG)
    ids = np.arange(10)[None]
    near, far = OnnxModel(tmp_path), OnnxModel(tmp_path)
    far.position = 10**6
    np.testing.assert_allclose(near(ids), far(ids), atol=1e-4)


def test_the_folder_says_what_the_model_is(tmp_path):
    exported(tmp_path, CONFIG)
    theirs = OnnxModel(tmp_path)
    assert theirs.facts == {"model_sha256": "1" * 64, "context": "12", "positions": "rotary"}
    assert {path.name for path in tmp_path.iterdir()} == {"model.onnx", "tokenizer.json", "README.md"}
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "the card"
    assert (tmp_path / "tokenizer.json").read_text(encoding="utf-8") == TOKENIZER.to_str(pretty=True)
    proto = onnx.load(tmp_path / MODEL)
    # Nothing of the machine that wrote it.
    assert not any(node.metadata_props or node.doc_string for node in proto.graph.node)
    kinds = {tensor.data_type for tensor in proto.graph.initializer if tensor.dims and np.prod(tensor.dims) > 100}
    assert kinds == {onnx.TensorProto.FLOAT}


def test_the_same_model_makes_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        exported(tmp_path / name, CONFIG)
    assert (tmp_path / "one" / MODEL).read_bytes() == (tmp_path / "two" / MODEL).read_bytes()


def test_the_page_about_formats_shows_the_program_of_the_card():
    page = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")
    section = loading("shakespeare-onnx", 0)
    (program,) = re.findall(r"```python\n.*?```", section, re.DOTALL)
    assert program in page
    assert "ONNX Runtime 1.29 or newer" in page and "onnxruntime>=1.29" in section
    assert f"python -m {onnx_speed.__name__} " in page


def test_speeds_are_compared_on_one_text(tmp_path):
    TOKENIZER.save(str(tmp_path / "tokenizer.json"))
    save_untrained(tmp_path / "model", tmp_path / "tokenizer.json", CONFIG)
    line = onnx_speed.compare(tmp_path / "model", tokens=20, turns=1)
    assert re.fullmatch(
        r"tokens/s: poet, torch .* [\d,]+ \(.*\); onnxruntime .* [\d,]+ \(.*\); ratio [\d.]+ \(.*\)", line
    )


def test_what_onnx_cannot_carry_is_refused_by_name(tmp_path, monkeypatch):
    with pytest.raises(ModelError, match=r"ONNX cannot carry .* model\.yoke\.state: got true, expected false"):
        write_onnx(tmp_path / "out", trained(VARIANTS["yoke state"]), "")
    monkeypatch.setattr(export, "MOST_BYTES", 1000)
    with pytest.raises(ModelError, match=r"its weights have 0\.0 GB in float32"):
        write_onnx(tmp_path / "out", trained(), "")
    assert list(tmp_path.iterdir()) == []


def test_the_program_of_the_card_writes_our_text_without_our_code(tmp_path):
    for name in ("modern", "classic"):
        ours = exported(tmp_path / name, CARRIED[name])
        (program,) = re.findall(r"```python\n(.*?)```", loading(name, ours.vocab_size), re.DOTALL)
        # So cold that the likeliest token is drawn, whatever the random number.
        cold = program.replace("0.8", "1e-6")
        assert cold != program
        alone = "import sys\nsys.modules.update(torch=None, poet=None, onnx=None)\n" + cold
        done = subprocess.run([sys.executable, "-c", alone], cwd=tmp_path, capture_output=True, check=True)
        prompt = encode(TOKENIZER, "The ")
        ids = [int(step[0]) for step in generate(ours, prompt, [GREEDY], 300, torch.float32)]
        expected = TOKENIZER.decode([*prompt, *ids], skip_special_tokens=False)
        assert done.stdout.decode("utf-8") == expected + "\n"


def test_without_the_package_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "poet.export.onnx_graph", raising=False)
    with pytest.raises(ModelError, match="`pip install onnx`"):
        write_onnx(tmp_path / "out", trained(), "")
    assert list(tmp_path.iterdir()) == []
