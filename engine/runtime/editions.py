"""Editions of day data over the years: a site keeps what it was run by, whatever a later release knows.

The days that came with a release are written into the site's stream when they are first used. So an open ticket can be
read by its own edition after an upgrade, and moves to the new one by a command, like after any publication.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from engine.core import Plan
from engine.store import HalfDoneError, Reader, StoreError
from engine.worktime import CalendarError, CodeDays, DayData, Problem, overlay

if TYPE_CHECKING:
    from engine.runtime.service import Service
    from engine.runtime.site import Site


def take_up(service: Service, at: int) -> bool:
    """Go by the day data of this release, if the site has not yet; files that were published stay laid over it.

    Open tickets get the new edition by a command. False: the site goes by it already.
    """
    shipped = _shipped(service.site.plan)
    events = service.store.site_events("calendar_shipped")
    if events and events[-1].data["edition"] == shipped.id and events[-1].data["codes"].keys() >= shipped.codes.keys():
        return False
    codes = {code: _written(days) for code, days in shipped.codes.items()}
    if events and events[-1].data["edition"] == shipped.id:  # the same release, asked for more countries
        codes = {**codes, **events[-1].data["codes"]}
    service.change_days(
        at, [("calendar_shipped", {"edition": shipped.id, "codes": codes}), *_laid(service, shipped.id)]
    )
    return True


def publish(services: Collection[Service], at: int, edition: str, days: Mapping[str, Any]) -> None:
    """Publish day data under a name to those of these sites that do not have them yet. Raises CalendarError, and then
    none gets them; HalfDoneError: some have.
    """
    if days.get("days") == []:
        raise CalendarError(
            [Problem(("days",), "no day stands in it: a year would count as one without holidays", "bad-days")]
        )
    for service in services:
        lacks(service.site, service.store, edition, days)
        service.advance(at - 1)  # what fails there fails while no site has them
    for done, service in enumerate(services):
        try:
            service.publish_calendar(at, edition, days)
        except StoreError as error:
            raise HalfDoneError(str(error), error.zh) if done else error from None


def lacks(site: Site, reader: Reader, edition: str, days: Mapping[str, Any]) -> bool:
    """Whether a site does not have these days yet. Raises CalendarError: the name is taken, or a day is wrong."""
    published = reader.site_events("calendar_published")
    if any((event.data["edition"], event.data["days"]) == (edition, days) for event in published):
        return False
    if edition in site.plan.editions:
        problem = f"{site.plan.id} has an edition {edition} already: choose another name"
        raise CalendarError([Problem(("edition",), problem, "bad-days")])
    overlay(site.plan.editions[site.edition], days, edition)
    if slips := list(_slips(days)):
        raise CalendarError(slips)
    return True


def _slips(days: Mapping[str, Any]) -> Iterator[Problem]:
    """What can be read and cannot be meant: a date that stands there twice, or is of another time than the notice."""
    year, seen = days.get("year"), set[date]()
    for place, day in enumerate(days["days"]):
        on = date.fromisoformat(day["date"])
        if on in seen:
            yield Problem(("days", str(place), "date"), f"{on} stands there twice", "bad-days")
        elif year is not None and abs(on.year - year) > 1:
            yield Problem(("days", str(place), "date"), f"{on} is far from {year}", "bad-days")
        seen.add(on)


def _laid(service: Service, below: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every file that was published to the site, once more, over other days."""
    for event in service.store.site_events("calendar_published"):
        if "again" not in event.data:
            edition = event.data["edition"]
            yield "calendar_published", {**event.data, "edition": f"{edition} on {below}", "again": edition}


def shipped_then(plan: Plan, edition: str, codes: Mapping[str, Any]) -> DayData:
    """An edition as it was written down. Countries that only later versions of the plan ask for are as of today."""
    then = {code: _read(days) for code, days in codes.items()}
    return DayData(edition, {**_shipped(plan).codes, **then})


def _shipped(plan: Plan) -> DayData:
    """The day data that came with this release: compiling gives a plan no other."""
    return next(iter(plan.editions.values()))


def _written(days: CodeDays) -> dict[str, Any]:
    through = days.published_through
    return {
        "off": {day.isoformat(): name for day, name in days.off.items()},
        "makeup": {day.isoformat(): name for day, name in days.makeup.items()},
        "through": through.isoformat() if through is not None else None,
    }


def _read(written: Mapping[str, Any]) -> CodeDays:
    through = written["through"]
    return CodeDays(
        {date.fromisoformat(day): name for day, name in written["off"].items()},
        {date.fromisoformat(day): name for day, name in written["makeup"].items()},
        date.fromisoformat(through) if through is not None else None,
    )
