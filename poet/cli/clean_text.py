"""`poet clean-text`: the cleaning rules for any files, without a collection."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poet.cli.options import PARAMS
from poet.terminal import printable, printable_json

if TYPE_CHECKING:
    from poet.cleaning.text import CleanText


@click.command("clean-text", epilog="Example: poet clean-text pg1342.txt notes.txt --out clean --json")
@click.argument("files", type=click.Path(path_type=Path, exists=True, dir_okay=False), nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the texts.")
@click.option("--json", "as_json", is_flag=True, help="Print what was removed as JSON.")
@PARAMS
def clean_text(files: tuple[Path, ...], out: Path, as_json: bool, params: Path) -> None:
    """Clean FILES by the rules of `clean` in params.yaml; nothing is written if one of them cannot be cleaned."""
    from poet.cleaning.text import clean_text as clean
    from poet.errors import CleaningError
    from poet.files import write_text
    from poet.params.file import load_params

    settings = load_params(params).clean
    # Every text is called <stem>.txt in one folder.
    if len({path.stem for path in files}) < len(files):
        raise CleaningError("two of the files have the same name, and would overwrite each other")
    for path in files:
        target = out / f"{path.stem}.txt"
        # `samefile` also sees through links and other spellings of one path.
        if target.exists() and any(target.samefile(each) for each in files):
            raise CleaningError(f"{target} is one of the files to clean and would be overwritten; give another --out")
    # All are cleaned before the first is written.
    results = {path: clean(path.read_bytes(), path.suffix, str(path), settings) for path in files}
    for path, result in results.items():
        write_text(out / f"{path.stem}.txt", result.text)
    if as_json:
        print_json(results)
    else:
        print_removals(results)


def print_json(results: "dict[Path, CleanText]") -> None:
    """Print a JSON list with one object per file: its size, its flags and every removal."""
    rows = [
        {
            "file": str(path),
            "characters": len(result.text),
            "flags": list(result.flags),
            "removals": [dataclasses.asdict(removal) for removal in result.removals],
        }
        for path, result in results.items()
    ]
    click.echo(printable_json(rows, indent=2))


def print_removals(results: "dict[Path, CleanText]") -> None:
    """Print one line per file, and below it one line per removal: rule, size, first and last words."""
    for path, result in results.items():
        click.echo(printable(f"{path}: {len(result.text):,} characters kept {' '.join(result.flags)}"))
        for removal in result.removals:
            words = f"{removal.first_words} ... {removal.last_words}"
            click.echo(printable(f"  {removal.rule:<18} {removal.bytes:>7,} bytes  {words}"))
