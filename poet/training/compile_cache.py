"""Compiled code is kept from one training to the next: the second training of a shape need not compile again."""

import os
from pathlib import Path

from poet.project import state_folder

# The folder in .poet. A shape of a model takes about 2 MB; whoever deletes the folder loses time alone.
FOLDER = "compiled"

# Where TorchInductor looks for what it compiled before: generated C++ or Triton code, its binaries, and the graphs.
VARIABLE = "TORCHINDUCTOR_CACHE_DIR"


def keep_compiled(root: Path) -> None:
    """Have torch.compile keep its code in the repository `root`, unless the environment names another folder.

    By default the code lies in the system's temporary folder, which a restart of the machine empties. Call this before
    anything compiles. A key of the cache covers the graph, the version of torch, its settings and the processor, so
    a training computes the same with and without it.
    """
    os.environ.setdefault(VARIABLE, str(state_folder(root, FOLDER)))
