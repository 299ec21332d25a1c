"""`poet write`: write with a model in the terminal, its sources coloured while the words appear."""

import asyncio
import contextlib
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poet.cli.options import PARAMS, escaped_text
from poet.cli.poets import Wanted, found_poets, open_offer, poet_options
from poet.cli.sampling_options import sampling_options
from poet.errors import PoetError
from poet.params.sampling import SamplingParams
from poet.terminal import printable, printable_json

if TYPE_CHECKING:
    from rich.console import Console

    from poet.cli.write_commands import Commands
    from poet.cli.write_session import Piece, Session

# Lines that are remembered from one session to the next.
REMEMBERED = 1000


@click.command(epilog="Example: poet write --collection shakespeare --temperature 1.1")
@poet_options(several=False)
@sampling_options
@click.option("--tokens", type=click.IntRange(1, 1000), default=300, show_default=True, help="Length of each text.")
@click.option(
    "--max-copy",
    type=click.IntRange(0, 1000),
    default=0,
    show_default=True,
    help="The longest passage, in characters, that may be copied verbatim from the training text; 0: no limit.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one text a line: for programs.")
@PARAMS
def write(
    collections: tuple[str, ...],
    models: tuple[str, ...],
    index: Path | None,
    sampling: SamplingParams,
    tokens: int,
    max_copy: int,
    as_json: bool,
    params: Path,
) -> None:
    """Type how a text begins, and the model goes on, its passages in the colours of the books that they are in.

    Commands begin with a slash: /help shows them. Without a terminal, each line of the input begins a text.
    """
    if len(collections) + len(models) > 1:
        raise click.UsageError("name one model; `poet serve` takes several")
    with found_poets(Wanted(collections=collections, models=models, index=index, params=params)) as (found,):
        # torch takes a second to import.
        from rich.console import Console

        from poet.cli.write_commands import Commands
        from poet.cli.write_screen import Numbers
        from poet.cli.write_session import Session, first_writing

        writing = first_writing(sampling, tokens, max_copy)
        session = Session(offered=open_offer(found, places=1, waiting=1), writing=writing)
        if max_copy and session.offered.poet.index is None:
            raise PoetError("--max-copy needs an index of the books: name one with --index")
        numbers, console = Numbers(), Console(markup=False, highlight=False)
        is_person = sys.stdin.isatty() and sys.stdout.isatty() and not as_json

        def show(piece: "Piece") -> None:
            if is_person:
                _show(session, console, numbers, piece)
            else:
                _print(session, piece, as_json=as_json)

        commands = Commands(session=session, console=console, numbers=numbers, write=show)
        try:
            if is_person:
                _talk(session, commands)
            else:
                _read_lines(session, commands)
        finally:
            session.offered.engine.close(0)


def _talk(session: "Session", commands: "Commands") -> None:
    """Read what a person types, until that ends."""
    from poet.cli.write_commands import Quit

    click.echo(printable(f"{session.offered.title}. Type how a text begins; /help shows the commands."))
    with _history():
        while True:
            try:
                line = input("> ")
            except KeyboardInterrupt:
                click.echo("\n/quit or Ctrl-D ends.")
                continue
            except EOFError:
                click.echo()
                return
            except UnicodeDecodeError as error:
                click.secho(printable(f"this line is not UTF-8 (byte {error.start})"), fg="red")
                continue
            try:
                _take(session, commands, line)
            except Quit:
                return
            except KeyboardInterrupt:
                # The text was stopped. What there is of it can still be looked at.
                click.echo()
            except PoetError as error:
                click.secho(printable(error.format_message()), fg="red")


def _read_lines(session: "Session", commands: "Commands") -> None:
    """Read the lines of a file or a program, until they end; PoetError names the line that cannot be used."""
    from poet.cli.write_commands import Quit

    for number, content in enumerate(sys.stdin.buffer, start=1):
        try:
            _take(session, commands, content.decode("utf-8").removesuffix("\n").removesuffix("\r"))
        except Quit:
            return
        except UnicodeDecodeError as error:
            raise PoetError(f"line {number} is not UTF-8 (byte {error.start})") from None
        except PoetError as error:
            raise PoetError(f"line {number}: {error.message}") from None


def _take(session: "Session", commands: "Commands", line: str) -> None:
    """Run the command in `line`, or write the text that it begins; nothing for a blank line."""
    from poet.cli.write_commands import piece_of
    from poet.serve.request import read_prompts

    if line.startswith("/") and not line.startswith("//"):
        commands.run(line)
    elif line.strip():
        (prompt,) = read_prompts([_unescaped(line.removeprefix("/") if line.startswith("//") else line)])
        commands.write(piece_of(session, prompt))


def _unescaped(line: str) -> str:
    r"""`line` with its `\n` as line ends; PoetError where it is no text."""
    command = click.get_current_context()
    try:
        return escaped_text(command, command.command.params[0], line) or ""
    except click.BadParameter as error:
        raise PoetError(error.message) from None


def _show(session: "Session", console: "Console", numbers: "object", piece: "Piece") -> None:
    """Write `piece` on the terminal, with its colours."""
    from poet.cli.write_commands import titles
    from poet.cli.write_screen import Numbers, Screen, legend

    assert isinstance(numbers, Numbers)
    before = len(numbers.of)
    with Screen(console, piece.prompt, session.offered.poet.min_length, numbers) as screen:
        try:
            asyncio.run(session.write(piece, lambda piece: screen.show(piece.text, piece.spans)))
        finally:
            screen.show(piece.text, piece.spans, last=True)
    if new := list(numbers.of)[before:]:
        console.print(legend(numbers, titles(session), new), soft_wrap=True)


def _print(session: "Session", piece: "Piece", *, as_json: bool) -> None:
    """Write `piece` for a program: the text, or JSON of it."""
    printed = 0

    def print_more(piece: "Piece") -> None:
        nonlocal printed
        click.echo(printable(piece.text[printed:]), nl=False)
        printed = len(piece.text)

    if as_json:
        asyncio.run(session.write(piece, lambda piece: None))
        spans = [dataclasses.asdict(span) for span in piece.spans.spans] if piece.spans else []
        row = {"prompt": piece.prompt, "text": piece.text, "spans": spans, **dataclasses.asdict(piece.writing)}
        click.echo(printable_json(row))
        return
    click.echo(printable(piece.prompt), nl=False)
    asyncio.run(session.write(piece, print_more))
    # A blank line follows each text.
    click.echo("\n")


@contextlib.contextmanager
def _history() -> Iterator[None]:
    """Lines can be edited and called back, also those of the last session. Windows' own terminal does it by itself."""
    try:
        import readline
    except ImportError:
        yield
        return
    import platformdirs

    path = platformdirs.user_state_path("torch-transformer-poet") / "write_history"
    # A history that cannot be read or written is no reason not to write.
    with contextlib.suppress(OSError):
        readline.read_history_file(path)
    readline.set_history_length(REMEMBERED)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(path)
            path.chmod(0o600)
