"""`poet export --format hf`, `onnx` and `gguf`: a new folder with the model, its tokenizer and its card."""

from pathlib import Path
from typing import TYPE_CHECKING

from poet.cli.options import new_folder
from poet.params.sections import Params

# torch takes a second to import, so it is imported when all else is known to be there.
if TYPE_CHECKING:
    from poet.export.card import CardFacts
    from poet.model.saving import TrainedModel


def write_folder(settings: Params, name: str, folder: Path, out: Path, form: str) -> str:
    """Write the model in `folder`, which is of the collection `name`, to the new folder `out`; what to say of it."""
    new_folder(out)

    from poet.cli.export_facts import card_facts
    from poet.device.device import pick_device
    from poet.model.saving import load_model

    trained, facts = load_model(folder, pick_device("cpu")), card_facts(settings, name, folder)
    use = {"hf": _write_hf, "onnx": _write_onnx, "gguf": _write_gguf}[form](trained, facts, out)
    size = sum(path.stat().st_size for path in out.iterdir())
    return f"{out} ({size / 1e6:.1f} MB): {use}"


def _write_hf(trained: "TrainedModel", facts: "CardFacts", out: Path) -> str:
    """Write a folder for transformers; how to open it."""
    from poet.export.card import card_of
    from poet.export.huggingface import loading, write_huggingface
    from poet.export.markdown import python_string

    use = loading(out.name, trained.model.config.sequence_len)
    card = card_of(facts, form="for the library transformers", library="transformers", loading=use)
    write_huggingface(out, trained, facts.description, card)
    return f"AutoModelForCausalLM.from_pretrained({python_string(str(out))}) loads it"


def _write_onnx(trained: "TrainedModel", facts: "CardFacts", out: Path) -> str:
    """Write a folder for ONNX runtimes; how to open it."""
    from poet.export.card import card_of
    from poet.export.onnx import loading, write_onnx

    use = loading(out.name, trained.model.vocab_size)
    card = card_of(facts, form="as an ONNX graph with a key/value cache", library="onnx", loading=use)
    write_onnx(out, trained, card)
    return "README.md in it has a program that writes with it"


def _write_gguf(trained: "TrainedModel", facts: "CardFacts", out: Path) -> str:
    """Write a folder for llama.cpp; how to open it."""
    from poet.export.card import card_of
    from poet.export.gguf import MODEL, loading, write_gguf

    use = loading(out.name, trained.model.config.sequence_len)
    write_gguf(out, trained, card_of(facts, form="for llama.cpp", library="gguf", loading=use))
    return f"llama.cpp loads {MODEL}, and what is built on it"
