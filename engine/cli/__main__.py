"""`python -m engine.cli` is `huiyin`."""

from engine.cli import main

main(prog_name="huiyin")
