"""Whether the daemon lives, and whether it is ready: for watchdogs and balancers, without signing in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from engine.policy import Words
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
    """What keeps the daemon from being ready; `what` is stable, `why` is for people, and `zh` says it in Chinese."""
    return ({"what": what, "why": words.en, "zh": words.zh} for what, words in _troubles(daemon))


def _troubles(daemon: Daemon) -> Iterator[tuple[str, Words]]:
    beat, now = daemon.engine.beat, daemon.clock()
    try:
        daemon.database.write(lambda connection: connection.execute("SELECT 1"))
        late = newest_stamp(daemon.database) - now
        if late > LATE_MAX:
            yield "clock", _BEHIND_ITSELF.format(s=late)
    except StoreError as error:
        yield "store", Words(str(error), error.zh)
    if now - beat.at > ROUND_MAX:
        yield "timers", _STILL.format(s=now - beat.at)
    for site, seconds in beat.behind.items():
        if seconds > ROUND_MAX:
            yield "behind", _BEHIND.format(site=site, s=seconds)
    for site, why in beat.failing.items():
        yield "site", _FAILS.format(site=site, why=why)
    if now - daemon.auditor.at > SILENCE_MAX:
        yield "auditor", _SILENT.format(s=now - daemon.auditor.at)
    if daemon.clock.held:
        yield "clock", _HELD.format(s=daemon.clock.held)


_BEHIND_ITSELF: Final = Words(
    "the clock is {s} s behind what is written: no timer fires until it is set",
    "时钟比已写入的时间慢 {s} 秒：校正之前不会触发任何时限",
)
_STILL: Final = Words("the loop has not come round for {s} s", "主循环已 {s} 秒没有完成一轮")
_BEHIND: Final = Words("{site} is {s} s behind", "{site} 落后 {s} 秒")
_FAILS: Final = Words("{site}: {why}", "{site}：{why}")
_SILENT: Final = Words("the auditor has not come through for {s} s", "审计已 {s} 秒没有完成一遍")
_HELD: Final = Words(
    "the clock was set by {s} s, which is not obeyed until accepted", "时钟被拨动了 {s} 秒，确认之前不予采用"
)
