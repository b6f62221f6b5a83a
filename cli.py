"""The door of a checkout: `python cli.py …` is `huiyin …`."""

from engine.cli import main

if __name__ == "__main__":
    main(prog_name="huiyin")
