"""Reports that fell due, as they were made."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query as Param

from engine.server import present
from engine.server.api.route import router
from engine.server.auth import Caller, needs
from engine.server.reports import Made, Number, made_reports

routes = router("figures")


@routes.get("/sites/{site}/reports", summary="Reports that fell due")
def reports(
    site: str,
    caller: Annotated[Caller, needs("figures.read")],
    before: Annotated[int | None, Param(ge=1, le=2**53, description="`next` of the page before.")] = None,
    limit: Annotated[int, Param(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """The newest first, each with its figures as they were known when it was made; what is known now of the same
    periods may differ. `unread`: how many tickets it lacks.
    """
    found = made_reports(caller.service, before, limit)
    return {
        "reports": [_shown(one) for one in found],
        "next": found[-1].number if found and found[-1].number > 1 else None,
    }


def _shown(one: Made) -> dict[str, Any]:
    return {
        "report": present.named(one.id, one.title),
        "at": present.instant(one.at, one.plan.zone),
        "to": [present.role(one.plan, name) for name in one.to],
        "figures": [_number(number) for number in one.figures],
        "weakest": one.weakest,
        "unread": one.unread,
        **present.rule(one.plan, one.rule),
    }


def _number(one: Number) -> dict[str, Any]:
    return {
        "figure": present.named(one.id, one.title),
        "of": one.of or None,
        "unit": one.unit,
        "value": float(one.value) if one.value is not None else None,
        "exact": str(one.value) if one.value is not None else None,
    }
