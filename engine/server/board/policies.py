"""The page of a policy: what is promised, how tickets move, which versions were applied."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from engine.core import Plan
from engine.core.plan import State, Workflow
from engine.server.board.drawing import draw
from engine.server.board.entrance import At
from engine.server.board.promises import Promises
from engine.server.board.web import PageRoute
from engine.store import revisions_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/board/{site}/policy")
def policy(request: Request, desk: At, site: str) -> Response:
    place = desk.at(request, site, "policy.show")
    plan = place.service.site.plan
    promises = Promises(plan, place.visit.lang)
    values = {
        "plan": {"id": plan.id, "title": plan.title, "version": plan.version, "timezone": plan.timezone},
        "categories": promises.categories(),
        "ladders": promises.ladders(),
        "flows": [drawing(promises, flow) for flow in plan.workflows.values() if not _is_duty(plan, flow)],
        "revisions": list(reversed(revisions_of(desk.daemon.database, site))),
        "refused": site in desk.daemon.engine.refused,
    }
    return desk.page_at(place, "policy.html", values)


def drawing(promises: Promises, workflow: Workflow) -> dict[str, Any]:
    def owner(state: State) -> str:
        return promises.party(state.owner) if state.owner is not None else ""

    picture = draw(workflow, promises.name, owner)
    return {"id": workflow.id, "title": promises.name(workflow.id, workflow.title), "picture": picture}


def _is_duty(plan: Plan, workflow: Workflow) -> bool:
    """The built-in workflow of a duty, which nobody wrote."""
    users = [one for one in plan.categories.values() if one.workflow == workflow.id]
    return bool(users) and all(one.duty is not None for one in users)
