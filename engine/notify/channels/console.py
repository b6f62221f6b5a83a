"""The console: a line on a stream, for a first try and for the journal of the system."""

from __future__ import annotations

from engine.notify.channels.wording import plain
from engine.notify.destinations import Console
from engine.notify.letter import SENT, Letter, Outcome
from engine.notify.wire import Wire


def send(letter: Letter, destination: Console, *, addressee: str, now: int, wire: Wire) -> Outcome:
    """Written and flushed is sent."""
    stream = wire.console
    parts = (destination.id, letter.reader or addressee, letter.subject, letter.text, letter.due, letter.link)
    line = " | ".join(" ".join(plain(part).split()) for part in parts if part)
    encoding = stream.encoding or "utf-8"
    stream.write(line.encode(encoding, "replace").decode(encoding) + "\n")
    stream.flush()
    return SENT
