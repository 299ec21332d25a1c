"""`poet import`: a model that left as a folder for transformers comes back as a model's folder."""

from pathlib import Path

import click

from poet.cli.options import new_folder


@click.command("import", epilog="Example: poet import --format hf shakespeare-hf --out models/returned")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--format",
    "form",
    type=click.Choice(["hf"]),
    default="hf",
    show_default=True,
    help="hf: what `poet export --format hf` wrote, or what transformers saved after training it further.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The model's folder, which is new.")
def import_model(folder: Path, form: str, out: Path) -> None:
    """Bring the model in FOLDER back as a model's folder.

    The weights come back to the bit. `poet generate --model` writes with it, and `train.init_from` trains it further.
    """
    new_folder(out)
    from poet.export.huggingface_import import import_huggingface
    from poet.terminal import printable

    digest = import_huggingface(folder, out)
    click.echo(printable(f"{out}: model {digest[:8]}; poet generate --model {out} writes with it"))
