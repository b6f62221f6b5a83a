"""What somebody answers for and is about no ticket: posts left empty, roles in which nobody could be told."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Any

from fastapi import Query as Param

from engine.core import Plan, period_of
from engine.runtime import role_findings
from engine.server import present
from engine.server.api.duties import FIRST, LAST
from engine.server.api.route import router
from engine.server.auth import Caller, needs
from engine.store import SiteEvent

routes = router("findings")


@routes.get("/sites/{site}/findings", summary="Findings about roles")
def findings(
    site: str,
    caller: Annotated[Caller, needs("roster.show")],
    day: Annotated[
        date | None, Param(description="Local to the site; today if there is none.", ge=FIRST, le=LAST)
    ] = None,
) -> dict[str, Any]:
    """Of a day, each with who answers for it: `empty_post`, fewer of a role were there than have to be in every minute
    of its shifts (once for each shift, and each gap in it); `nobody`, a message found nobody of its role.
    """
    plan = caller.service.site.plan
    local = day or datetime.fromtimestamp(caller.at, plan.zone).date()
    start, end = period_of("day", int(datetime.combine(local, time(12), plan.zone).timestamp()), plan.timezone)
    found = role_findings(caller.service.store, start, end)
    return {"day": local.isoformat(), "findings": [_shown(plan, one) for one in found]}


def _shown(plan: Plan, one: SiteEvent) -> dict[str, Any]:
    return {
        "finding": one.kind,
        "at": present.instant(one.at, plan.zone),
        "role": present.role(plan, one.data["role"]),
        "who": one.data["who"],
        **present.rule(plan, one.rule),
    }
