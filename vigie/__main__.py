"""``python -m vigie``: the command line."""

from vigie.cli import main

main()
