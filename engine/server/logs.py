"""Logs for machines: one JSON object a line on standard error. Nobody's words and nobody's name stand in them."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO


class Lines(logging.Formatter):
    """`{"at", "level", "room", "says"}`, and the kind and place of an error, but never its text, which may quote
    somebody.
    """

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "room": record.name,
            "says": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            trace = record.exc_info[2]
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
            line |= {"error": record.exc_info[0].__name__, "where": where}
        return json.dumps(line, ensure_ascii=False)


def log_to(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Send the logs of the engine and of its HTTP server there."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines())
    for name, least in (("engine", level), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(least)
        logger.propagate = False
