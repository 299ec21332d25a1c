"""`poet serve`: models for people, as a page, and for programs, as OpenAI's completions."""

import contextlib
import ipaddress
import os
from pathlib import Path

import click

from poet.cli.options import PARAMS
from poet.cli.poets import Wanted, found_poets, open_offer, poet_options
from poet.errors import ConfigError
from poet.terminal import printable

# The environment variable that may hold the token.
TOKEN = "POET_TOKEN"

# The least characters of a token. 16 of a program that picks by chance are more than anybody can try.
SHORTEST_TOKEN = 16


@click.command(epilog="Example: poet serve --collection shakespeare --port 8000")
@poet_options(several=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; 0.0.0.0: on all addresses.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any that is free.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help=f"A file with the token that clients need; the variable {TOKEN} may hold it, too.",
)
@click.option(
    "--allow-host", "hosts", multiple=True, help="A name by which this server is called, as poet.example.org."
)
@click.option(
    "--proxy", "proxies", multiple=True, help="The address of a reverse proxy, which is believed whose client it is."
)
@click.option("--places", type=click.IntRange(1, 1024), default=16, show_default=True, help="Texts written at a time.")
@click.option("--waiting", type=click.IntRange(0, 10_000), default=64, show_default=True, help="Texts that may wait.")
@click.option(
    "--per-minute", type=click.IntRange(min=0), default=120, show_default=True, help="Texts of a client; 0: no limit."
)
@click.option(
    "--grace",
    type=click.FloatRange(0, 600),
    default=5.0,
    show_default=True,
    help="Seconds for texts to end at the end.",
)
@PARAMS
def serve(
    collections: tuple[str, ...],
    models: tuple[str, ...],
    index: Path | None,
    host: str,
    port: int,
    token_file: Path | None,
    hosts: tuple[str, ...],
    proxies: tuple[str, ...],
    places: int,
    waiting: int,
    per_minute: int,
    grace: float,
    params: Path,
) -> None:
    """Serve models to people and programs: several collections or checkpoints side by side.

    The page is at /, OpenAI's completions at /v1/completions, the description of all addresses at /openapi.json.
    """
    token = _token(token_file)
    with found_poets(Wanted(collections=collections, models=models, index=index, params=params)) as found:
        # After the names were checked: torch takes a second to import.
        from poet.export.page_template import render_poet_page
        from poet.serve.web.app import create_app
        from poet.serve.web.gate import LOOPBACK, Gate
        from poet.serve.web.limits import Limits
        from poet.serve.web.running import address, listen, make_server
        from poet.serve.web.running import serve as serve_until_signal

        with contextlib.closing(listen(host, port)) as listener:
            is_local = ipaddress.ip_address(listener.getsockname()[0]).is_loopback
            allowed = LOOPBACK | {name.lower() for name in hosts} if is_local or hosts else None
            limits = Limits(per_minute=per_minute)
            gate = Gate(limits=limits, token=token, hosts=allowed)
            offers = [open_offer(one, places=places, waiting=waiting) for one in found]
            page = render_poet_page("server")
            app = create_app(offers, page.html, page.policy, gate)
            server = make_server(app, gate, [one.engine for one in offers], grace=grace, proxies=",".join(proxies))

            def ready() -> None:
                names = ", ".join(one.name for one in offers)
                click.echo(printable(f"{names}: {address(listener)} ; Ctrl-C ends."))
                if not is_local and not token:
                    click.echo("Everybody who reaches this machine may write. --token-file asks for a token.", err=True)

            serve_until_signal(server, listener, ready)
        click.echo("The server has ended.")


def _token(file: Path | None) -> str:
    """The token in `file` or the environment, "" where there is none. No message shows it."""
    if file is None and not os.environ.get(TOKEN):
        return ""
    if file is None:
        token, place = os.environ[TOKEN].strip(), f"the variable {TOKEN}"
    else:
        from poet.files import read_text

        token, place = read_text(file).strip(), str(file)
    if len(token) < SHORTEST_TOKEN or not (token.isascii() and token.isprintable()) or " " in token:
        raise ConfigError(
            f"{place} holds no token: expected {SHORTEST_TOKEN} or more letters, digits and signs of ASCII, without "
            'blanks. Make one with:\n  python -c "import secrets; print(secrets.token_urlsafe())"'
        )
    return token
