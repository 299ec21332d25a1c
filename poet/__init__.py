"""Train a small transformer on any shelf of books, and see what it learned and what it copied."""

import os

# How many times a thread of torch looks whether the other threads are done, before it sleeps. GNU OpenMP's own 300,000
# suit a machine without other work. Beside a busy program, one thread waits for its turn on a core, and the others keep
# their cores busy with looking: a training step then takes 17 times as long, and with this number 3 times. Fewer are
# better beside others, and worse alone (docs/scaling.md, `python -m poet.benchmark.beside`).
# OpenMP reads the variable when torch is imported, so the package sets it. A policy that the user has set stays.
SPINS = "10000"
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
