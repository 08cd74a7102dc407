"""`python -m nostop.cli` is the `nostop` command."""

from nostop.cli import main

main()
