"""Where a daemon cannot listen it says so at once, and nothing has run."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from engine.server.run import run


@pytest.mark.parametrize("host", ["127.0.0.1", "no.such.host.invalid"])
def test_an_address_that_is_taken_is_told_in_one_sentence_and_no_code_is_made(new_house, capsys, host):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        new_house.daemon.config = replace(new_house.daemon.config, host=host, port=port)
        with pytest.raises(SystemExit) as stopped:
            run(new_house.daemon)
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(f"Error: cannot listen at {host}:{port} (")
    assert len(said.splitlines()) == 1
    assert "--listen" in said
