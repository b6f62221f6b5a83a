"""Whether the daemon lives, and whether it is ready: for watchdogs and balancers, without signing in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from engine.server.daemon import Daemon
from engine.store import StoreError, newest_stamp

router = APIRouter()
#: Seconds after which a loop that did not come round is taken for dead.
ROUND_MAX = 15
#: Seconds after which an auditor that did not come through is taken for dead: it looks every minute.
SILENCE_MAX = 300
#: Seconds by which the clock may be behind what was written before a start.
LATE_MAX = 120


@router.get("/livez")
def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/readyz")
def readyz(request: Request) -> JSONResponse:
    """Everything works that has to; else 503 with each cause."""
    causes = list(troubles(request.app.state.daemon))
    body: dict[str, Any] = {"status": "ready" if not causes else "not ready", "causes": causes}
    return JSONResponse(body, 200 if not causes else 503)


def troubles(daemon: Daemon) -> Iterator[dict[str, str]]:
    """What keeps the daemon from being ready; `what` is stable, `why` is for people."""
    beat = daemon.engine.beat
    try:
        daemon.database.write(lambda connection: connection.execute("SELECT 1"))
        late = newest_stamp(daemon.database) - daemon.clock()
        if late > LATE_MAX:
            yield {
                "what": "clock",
                "why": f"the clock is {late} s behind what is written: no timer fires until it is set",
            }
    except StoreError as error:
        yield {"what": "store", "why": str(error)}
    if daemon.clock() - beat.at > ROUND_MAX:
        yield {"what": "timers", "why": f"the loop has not come round for {daemon.clock() - beat.at} s"}
    for site, seconds in beat.behind.items():
        if seconds > ROUND_MAX:
            yield {"what": "behind", "why": f"{site} is {seconds} s behind"}
    for site, why in beat.failing.items():
        yield {"what": "site", "why": f"{site}: {why}"}
    if daemon.clock() - daemon.auditor.at > SILENCE_MAX:
        yield {"what": "auditor", "why": f"the auditor has not come through for {daemon.clock() - daemon.auditor.at} s"}
    if daemon.clock.held:
        yield {
            "what": "clock",
            "why": f"the clock was set by {daemon.clock.held} s, which is not obeyed until accepted",
        }
