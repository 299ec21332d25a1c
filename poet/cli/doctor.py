"""`poet doctor`: does a device compute correctly?"""

import math
from typing import TYPE_CHECKING

import click

from poet.terminal import printable_json

if TYPE_CHECKING:
    import torch

    from poet.device.doctor import Finding


@click.command(epilog="Example: poet doctor --device mps")
@click.option("--device", default="auto", show_default=True, help="cuda, mps or cpu; auto: the best there is.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def doctor(device: str, as_json: bool) -> None:
    """Compare a device with the CPU in float32: loss, logits, gradients, and that nothing sees the future."""
    # Imported here, so that `poet --help` does not wait for torch.
    import torch

    from poet.device.device import PRECISIONS, device_fault, listed_devices, pick_device
    from poet.device.doctor import examine
    from poet.errors import PoetError

    chosen = pick_device(device)
    findings = list(examine(chosen, list(PRECISIONS.values())))
    if as_json:
        # JSON has no NaN, which a device computes that is wrong altogether.
        rows = [
            vars(found)
            | {"difference": found.difference if math.isfinite(found.difference) else None}
            | {"device": str(chosen), "ok": found.ok}
            for found in findings
        ]
        click.echo(printable_json(rows, indent=2))
    else:
        _print(chosen, findings)

    # torch lists a GPU that its build has no kernels for; "auto" goes past it, and nobody would notice.
    faults = {kind: device_fault(kind) for kind in listed_devices()}
    broken = [
        f"torch {torch.__version__} lists {kind} but cannot compute on it ({fault})"
        for kind, fault in faults.items()
        if fault
    ]

    # The error comes last, so that the table is on the screen and the exit code is not 0.
    if wrong := [f"{found.check} in {found.precision}" for found in findings if not found.ok]:
        raise PoetError(f"{chosen} computes wrong: {', '.join(wrong)}. Train with train.device: cpu, or update torch.")
    if broken:
        raise PoetError(
            f"{'; '.join(broken)}. train.device: auto takes {chosen} instead. To use it, install a build of torch that "
            "was made for it."
        )


def _print(device: "torch.device", findings: "list[Finding]") -> None:
    """Print the findings as a table, and the precision that a training would choose."""
    from rich.console import Console
    from rich.table import Table

    from poet.device.device import dtype_name, pick_precision
    from poet.device.machine import device_name

    title = f"{device}, {device_name(device)}"
    table = Table("check", "precision", "difference", "allowed", "", title=title)
    for found in findings:
        verdict = "[green]ok[/]" if found.ok else "[bold red]wrong[/]"
        table.add_row(found.check, found.precision, f"{found.difference:.2e}", f"{found.allowed:.0e}", verdict)
    console = Console()
    console.print(table)
    console.print(f"`precision: auto` computes in {dtype_name(pick_precision('auto', device))} here")
