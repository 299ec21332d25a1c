"""`python -m poet.cli`: the same as `poet`."""

from poet.cli import main

main()
