"""The program of the page's worker in one process of Node, which answers requests in JSON."""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from poet.export.html import worker_program

NODE = shutil.which("node")
HARNESS = Path(__file__).with_name("harness.js")


class Node:
    """The program, and what it has loaded."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def __call__(self, command: str, **request: Any) -> Any:
        """The answer to `command`, one of COMMANDS in harness.js."""
        assert self.process.stdin and self.process.stdout
        # ensure_ascii: halves of surrogate pairs reach the program too.
        self.process.stdin.write(json.dumps({"command": command, **request}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["value"]


@contextmanager
def running_node(folder: Path, more: str = "") -> Iterator[Node]:
    """The program as a page has it, with the harness and `more` behind it, written to `folder`."""
    assert NODE
    script = folder / "program.js"
    script.write_text(worker_program() + HARNESS.read_text(encoding="utf-8") + more, encoding="utf-8")
    with subprocess.Popen(
        [NODE, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        yield Node(process)
        assert process.stdin
        process.stdin.close()


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def all_base64(contents: Sequence[bytes]) -> list[str]:
    return [base64_of(content) for content in contents]
