"""What the world refuses is said in a line, with exit status 1, and never as a traceback."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from engine.cli import main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(
            [
                "explain",
                "due",
                "resolve",
                "--policy",
                "lakeside",
                "--category",
                "complaint",
                "--from",
                "2100-12-31 23:00",
            ],
            "1990 to 2100",
            id="a year beyond all calendars",
        ),
        pytest.param(
            ["explain", "value", "roles", "--policy", "x" * 5000], "name too long", id="a name no file can have"
        ),
        pytest.param(["init", "/dev/null/x"], "Not a directory", id="a folder in a file"),
    ],
)
def test_the_world_refuses(arguments, said):
    result = CliRunner().invoke(main, [*arguments, *(["--lang", "en"] if arguments[0] == "explain" else [])])
    assert result.exit_code == 1
    assert said in result.output
    assert not result.exception or isinstance(result.exception, SystemExit)
