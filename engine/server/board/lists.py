"""The board of a site: its open tickets, and what changes among them as it happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from engine.core import period_of
from engine.runtime import EMPTY_POST, is_empty, role_findings
from engine.server import present
from engine.server.board.desk import Desk, Place, refused
from engine.server.board.duties import days
from engine.server.board.entrance import At
from engine.server.board.listing import Choice, Listing
from engine.server.board.web import PageRoute, SignInFirstError
from engine.server.entry.access import allowed
from engine.server.entry.denials import denial
from engine.server.live import Change, Live

router = APIRouter(route_class=PageRoute, include_in_schema=False)
#: Seconds after which a stream that has nothing to say says so, that proxies keep it and lost readers are noticed.
PULSE: Final = 15
#: The last that a stream says, when who watches is signed out.
END: Final = "event: end\ndata: {}\n\n"


@router.get("/board/{site}")
def board(request: Request, desk: At, site: str) -> Response:
    place, choice = desk.at(request, site, "ticket.list"), Choice.of(request.query_params)
    values = _board(desk, place, choice)
    if choice.q:
        desk.note(place, "customer.find", f"{len(values['lines'])} tickets found")
    return desk.page_at(place, "board.html", values)


def _board(desk: Desk, place: Place, choice: Choice) -> dict[str, Any]:
    listing, plan = Listing(place, desk.daemon), place.service.site.plan
    lines, after = listing.page(choice)
    states = {
        state.id: present.state(plan, category.id, state.id)
        for category in plan.categories.values()
        for state in plan.workflows[category.workflow].states.values()
        if not state.final
    }
    return {
        "lines": lines,
        "after": after,
        "choice": choice,
        "counts": listing.counts(),
        "categories": [{"id": one.id, "title": one.title} for one in plan.categories.values()],
        "states": list(states.values()),
        "on_duty": on_duty(place),
        "left_empty": left_empty(place),
        "today": next(days(place, 1))["duties"] if allowed(place.visit.principal, "duty.list", place.name) else [],
    }


def on_duty(place: Place) -> list[Mapping[str, Any]]:
    """Who of each role is there now; who stands in where nobody is."""
    site, now = place.service.site, place.visit.at
    plan = site.plan_at(now)
    roles = plan.roles
    return [
        {
            "role": {"id": role.id, "title": role.title},
            "people": site.roster.on_duty(role.id, now),
            "nobody": site.roster.nobody_there(role.id, now),
            "stand_in": _title(roles, role.fallback or plan.last_resort),
            "least": role.at_least,
            "empty": is_empty(site, role.id, now),
        }
        for role in roles.values()
        if site.roster.on_duty(role.id, now) or site.roster.complete or is_empty(site, role.id, now)
    ]


def left_empty(place: Place) -> list[Mapping[str, Any]]:
    """The posts that were left empty today, each with who answers for it."""
    plan, now = place.service.site.plan, place.visit.at
    found = role_findings(place.service.store, period_of("day", now, plan.timezone).start, now + 1, (EMPTY_POST,))
    return [
        {"at": one.at, "role": _title(plan.roles, one.data["role"]), "who": one.data["who"]}
        for one in found
        if one.data["role"] in plan.roles
    ]


def _title(roles: Mapping[str, Any], id: str) -> Mapping[str, str]:
    return {"id": id, "title": roles[id].title}


@router.get("/board/{site}/rows/{family:path}")
def rows(request: Request, desk: At, site: str, family: str) -> Response:
    """The lines of one family, as the list that was chosen shows them: maybe none."""
    place = desk.at(request, site, "ticket.list")
    lines = Listing(place, desk.daemon).family(family, Choice.of(request.query_params))
    return HTMLResponse(desk.html_at(place, "rows.html", {"lines": lines}))


@router.get("/board/{site}/counts")
def counts(request: Request, desk: At, site: str) -> Response:
    place = desk.at(request, site, "ticket.list")
    values = {"counts": Listing(place, desk.daemon).counts(), "choice": Choice.of(request.query_params)}
    return HTMLResponse(desk.html_at(place, "counts.html", values))


@router.get("/board/{site}/events")
async def events(request: Request, desk: At, site: str) -> Response:
    """Which families change, while somebody watches. What became of them is asked for by itself."""
    try:
        place = await asyncio.to_thread(desk.at, request, site, "ticket.list")
    except SignInFirstError:  # a page that outlived its session asks again: it is told so in words that it reads
        return StreamingResponse(iter((END,)), media_type="text/event-stream")
    who, live = place.visit.principal.name, desk.daemon.live
    if live.has_enough(who):
        raise refused(denial("too_many_requests", PULSE), 429)

    def still_in() -> bool:
        visit = desk.visit(request)
        return visit.session is not None and allowed(visit.principal, "ticket.list", site)

    return StreamingResponse(
        stream(live, site, who, still_in), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


async def stream(
    live: Live, site: str, who: str, still_in: Callable[[], bool], pulse: float = PULSE
) -> AsyncIterator[str]:
    """What changes at a site, as server-sent events. Whoever watches is there: his session does not end by idling; when
    it ends, so does the stream, however much happens.
    """
    tick = asyncio.get_running_loop().time
    async with live.watch(site, who) as changes:
        yield "retry: 3000\n\n"
        look = tick() + pulse
        while True:
            try:
                change = await asyncio.wait_for(changes.get(), look - tick())
            except TimeoutError:
                if not await asyncio.to_thread(still_in):
                    yield END
                    return
                yield ": still here\n\n"
                look = tick() + pulse
                continue
            if change is None:
                return
            yield told(change)


def told(change: Change) -> str:
    return f"event: change\ndata: {json.dumps({'family': change.ticket}, ensure_ascii=False)}\n\n"
