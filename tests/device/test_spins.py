"""How threads of torch wait for each other: OpenMP says itself what it has read."""

import os
import subprocess
import sys

import pytest

from poet import SPINS


def spins(**variables):
    """What OpenMP has read when the package has imported torch; none if it is not GNU's."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("GOMP_", "OMP_"))}
    said = subprocess.run(
        [sys.executable, "-c", "import poet.device.device"],
        env=environment | {"OMP_DISPLAY_ENV": "verbose"} | variables,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    ).stderr
    found = [line.split("'")[1] for line in said.splitlines() if "GOMP_SPINCOUNT" in line]
    if not found:
        pytest.skip("torch has another OpenMP here")
    return found[0]


def test_the_package_decides_before_torch_is_imported():
    assert spins() == SPINS


def test_who_has_decided_keeps_it():
    assert spins(GOMP_SPINCOUNT="123") == "123"
    assert spins(OMP_WAIT_POLICY="passive") == "0"
