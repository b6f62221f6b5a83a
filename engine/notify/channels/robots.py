"""What the group robots have in common: they answer HTTP 200 to everything, and say in a code what they did."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, NamedTuple

from engine.notify.destinations import Endpoint
from engine.notify.http import Answer, judge, post
from engine.notify.letter import Outcome, refused, retry
from engine.notify.wire import Wire

LABEL: Final = "查看详情"  #: of the link to the ticket, in the three products of China
SUBJECT_BYTES_MAX: Final = 200


class Verdict(NamedTuple):
    """What a code means. `passing`: another try may succeed, after so many seconds where the robot's rules say so."""

    reason: str
    passing: bool = False
    after: int | None = None


Codes = Mapping[int, Verdict]


def tell(
    endpoint: Endpoint, body: Mapping[str, object], *, field: str, codes: Codes, wire: Wire, now: int, query: str = ""
) -> Outcome:
    """Post to a robot and judge its answer by `field`."""
    data = json.dumps(body, ensure_ascii=False).encode()
    return _judge(post(endpoint, data, {}, wire=wire, now=now, query=query), field, codes)


def _judge(answer: Answer, field: str, codes: Codes) -> Outcome:
    """A known code decides, under whatever status; then the status; a code that nobody told us of may pass."""
    code = _code(answer.body, field)
    if code is not None and code in codes and not 300 <= answer.status < 400:
        verdict = codes[code]
        return retry(verdict.reason, code, verdict.after) if verdict.passing else refused(verdict.reason, code)
    outcome = judge(answer)
    if outcome.status != "sent" or code == 0:
        return outcome
    return retry("the answer is not the robot's" if code is None else "unknown code", "" if code is None else code)


def _code(body: bytes, field: str) -> int | None:
    try:
        answer = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    code = answer.get(field) if isinstance(answer, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else None
