"""`poet export --format hf`: a folder for the library transformers."""

import json
from pathlib import Path

from poet.cli.options import new_folder
from poet.params.sections import Params


def write_hf(settings: Params, name: str, folder: Path, out: Path) -> str:
    """Write the model in `folder`, which is of the collection `name`, to the new folder `out`; what to say of it."""
    new_folder(out)

    # torch takes a second to import, so it is imported when all else is known to be there.
    from poet.cli.export_facts import card_facts
    from poet.device.device import pick_device
    from poet.export.card import card_of
    from poet.export.huggingface import loading, write_huggingface
    from poet.model.saving import load_model

    trained = load_model(folder, pick_device("cpu"))
    facts = card_facts(settings, name, folder)
    use = loading(out.name, trained.model.config.sequence_len)
    card = card_of(facts, form="for the library transformers", library="transformers", loading=use)
    write_huggingface(out, trained, facts.description, card)
    size = sum(path.stat().st_size for path in out.iterdir())
    return f"{out} ({size / 1e6:.1f} MB): AutoModelForCausalLM.from_pretrained({json.dumps(str(out))}) loads it"
