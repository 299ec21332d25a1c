"""`poet doctor`: does a device compute right?"""

import click


@click.command(epilog="Example: poet doctor --device mps")
@click.option("--device", default="auto", show_default=True, help="cuda, mps or cpu; auto: the best there is.")
def doctor(device: str) -> None:
    """Compare a device with CPU float32: loss, logits, gradients, and that nothing sees the future."""
    import torch
    from rich.console import Console
    from rich.table import Table

    from poet.device.device import describe_machine, pick_device, pick_precision
    from poet.device.doctor import examine
    from poet.errors import PoetError

    chosen = pick_device(device)
    table = Table(
        "check", "precision", "difference", "allowed", "", title=f"{chosen} on {describe_machine()['processor']}"
    )
    findings = list(examine(chosen, [torch.float32, torch.bfloat16]))
    for found in findings:
        verdict = "[green]well[/]" if found.healthy else "[bold red]ill[/]"
        table.add_row(found.check, found.precision, f"{found.difference:.2e}", f"{found.allowed:.0e}", verdict)
    console = Console()
    console.print(table)
    console.print(f"`precision: auto` computes in {str(pick_precision('auto', chosen)).removeprefix('torch.')} here")
    if ill := [f"{found.check} in {found.precision}" for found in findings if not found.healthy]:
        raise PoetError(f"{chosen} computes wrong: {', '.join(ill)}. Train with train.device: cpu, or update torch.")
