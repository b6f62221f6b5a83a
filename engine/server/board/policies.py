"""The page of a policy: what is promised, how tickets move, which versions were applied."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from engine.core import Plan
from engine.core.plan import State
from engine.policy import Drawing, Part, Section, Table, Teller, headline, promise
from engine.server.board.drawing import draw
from engine.server.board.entrance import At
from engine.server.board.web import PageRoute
from engine.store import revisions_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/board/{site}/policy")
def policy(request: Request, desk: At, site: str) -> Response:
    place = desk.at(request, site, "policy.show")
    plan, lang = place.service.site.plan, place.visit.lang
    values = {
        "title": plan.title,
        "headline": headline(plan, lang),
        "sections": [shown(part, plan, Teller(plan, lang)) for part in promise(plan, lang)],
        "revisions": list(reversed(revisions_of(desk.daemon.database, site))),
        "refused": site in desk.daemon.engine.refused,
    }
    return desk.page_at(place, "policy.html", values)


def shown(part: Part, plan: Plan, teller: Teller) -> dict[str, Any]:
    """A part of the promise, for the template."""

    def owner(state: State) -> str:
        return teller.party(state.owner) if state.owner is not None else ""

    match part:
        case Section():
            return {"kind": "section", **part._asdict(), "parts": [shown(one, plan, teller) for one in part.parts]}
        case Table():
            return {"kind": "table", **part._asdict()}
        case Drawing(id, title):
            return {"kind": "flow", "id": id, "title": title, "picture": draw(plan.workflows[id], teller.name, owner)}
    return {"kind": "text", "text": part}
