"""The figures of a month against their targets, on a page and as files for a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from fractions import Fraction
from io import BytesIO, StringIO
from typing import Any, Final, NamedTuple, TypeAlias

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from openpyxl import Workbook
from openpyxl.styles import Font

from engine.core import FigureValue, Period, Plan, period_of
from engine.core.plan import Outside
from engine.policy import REASONS, Teller, number_text
from engine.runtime import ValueProblemError, read_instant
from engine.server import present
from engine.server.board.desk import Desk, Place
from engine.server.board.entrance import At, Form
from engine.server.board.moments import Moments
from engine.server.board.web import PageRoute, TroubleError
from engine.server.board.words import WORDS, Lang
from engine.server.figures import Known, bring
from engine.server.problems import SENTENCES
from engine.server.reports import Made, made_reports

router = APIRouter(route_class=PageRoute, include_in_schema=False)
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: What a spreadsheet takes for the beginning of a formula.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
VALUE: Final = 3  #: the column of the value, counted from 1; that of its unit comes after it
MONTHS: Final = 13  #: that a page offers
NAMED: Final = 10  #: tickets that cannot be read that a page names
REPORTS: Final = 10  #: that fell due last and that a page shows


Cell: TypeAlias = str | int | float | None


class Line(NamedTuple):
    """A figure in words; `period` is the one, of the figure's own kind, that ends in the month."""

    figure: dict[str, Any]
    period: str
    value: str
    number: int | float | None  #: the value for a spreadsheet: a share of 1, hours, or as it is
    unit: str  #: share, hours, or empty
    n: int
    target: str
    verdict: str
    note: str
    sources: tuple[str, ...]
    outside: str  #: whence the value comes, if from elsewhere


@router.get("/board/{site}/figures")
def figures(request: Request, desk: At, site: str, month: str = "", known: str = "") -> Response:
    place = desk.at(request, site, "figures.read")
    return _page(desk, place, read_month(place, month), read_then(place, known))


@router.post("/board/{site}/figures")
def bring_value(request: Request, desk: At, site: str, form: Form) -> Response:
    """A value from elsewhere, of the month that is shown."""
    place = desk.at(request, site, "figures.import")
    desk.check_form(place.visit, form)
    month, source = read_month(place, form.get("month", "")), form.get("source", "")
    wrong = bring(place.service, place.visit.at, source, form.get("value", ""), _within(place, month, place.visit.at))
    if wrong is not None:
        return _page(desk, place, month, None, wrong.in_(place.visit.lang))
    desk.note(place, "figures.import", source)
    return RedirectResponse(f"/board/{site}/figures?month={month:%Y-%m}", 303)


def _page(desk: Desk, place: Place, chosen: date, then: int | None, problem: str = "") -> Response:
    found = figures_of(desk, place, chosen, then)
    return desk.page_at(
        place,
        "figures.html",
        {
            "month": f"{chosen:%Y-%m}",
            "months": list(months(place)),
            "known": f"{_local(place, then):%Y-%m-%dT%H:%M:%S}" if then is not None else "",
            "as_of": said_known(place, found),
            "lines": lines(place, found),
            "lack": lack(place, found),
            "reports": [_report(place, one) for one in made_reports(place.service, None, REPORTS, found.as_of)],
            "problem": problem,
        },
        422 if problem else 200,
    )


@router.get("/board/{site}/figures/{month}.csv")
def as_csv(request: Request, desk: At, site: str, month: str, known: str = "") -> Response:
    place = desk.at(request, site, "figures.export")
    text = StringIO()
    csv.writer(text).writerows(table(desk, place, read_month(place, month), read_then(place, known)))
    desk.note(place, "figures.export", month)
    return _file("\ufeff" + text.getvalue(), "text/csv; charset=utf-8", f"{site}-{month}.csv")


@router.get("/board/{site}/figures/{month}.xlsx")
def as_xlsx(request: Request, desk: At, site: str, month: str, known: str = "") -> Response:
    place = desk.at(request, site, "figures.export")
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = month
    for row in table(desk, place, read_month(place, month), read_then(place, known)):
        sheet.append(list(row))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    share = WORDS["unit_share"].in_(place.visit.lang)
    for value, unit in sheet.iter_rows(min_row=2, min_col=VALUE, max_col=VALUE + 1):
        value.number_format = "0.0%" if unit.value == share else "General"
    for column, width in zip("ABCDEFGHI", (30, 24, 14, 10, 10, 18, 12, 40, 14), strict=True):
        sheet.column_dimensions[column].width = width
    data = BytesIO()
    book.save(data)
    desk.note(place, "figures.export", month)
    return _file(data.getvalue(), XLSX, f"{site}-{month}.xlsx")


def _file(content: str | bytes, media_type: str, name: str) -> Response:
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def read_month(place: Place, text: str) -> date:
    """`2026-11`; empty: this month. Raises TroubleError."""
    today = datetime.fromtimestamp(place.visit.at, place.service.site.zone).date()
    try:
        month = date.fromisoformat(f"{text}-01") if text else today.replace(day=1)
    except ValueError:
        raise TroubleError(404, WORDS["no_month"]) from None
    if not 1991 <= month.year <= 2099:
        raise TroubleError(404, WORDS["no_month"])
    return month


def read_then(place: Place, text: str) -> int | None:
    """An instant that is over, as an input of the page sends it; empty: now. Raises TroubleError."""
    if not text:
        return None
    zone = place.service.site.zone
    try:
        then = read_instant(text, zone, datetime.fromtimestamp(place.visit.at, zone))
    except ValueProblemError:
        raise TroubleError(422, SENTENCES["instant"]) from None
    if then > place.visit.at:
        raise TroubleError(422, SENTENCES["not_yet"])
    return then


def months(place: Place) -> Iterator[str]:
    """This month and those before it."""
    month = read_month(place, "")
    for _ in range(MONTHS):
        yield f"{month:%Y-%m}"
        month = (
            month.replace(year=month.year - 1, month=12) if month.month == 1 else month.replace(month=month.month - 1)
        )


# ---- lines -----------------------------------------------------------------------------------------------------------


def figures_of(desk: Desk, place: Place, month: date, then: int | None = None) -> Known:
    """Every figure of the plan, as known now or then. Raises TroubleError."""
    service, daemon = place.service, desk.daemon
    if then is None:
        return daemon.figures.of(service, _within(place, month, place.visit.at), place.visit.at)
    known = daemon.figures.as_known_at(daemon.engine, place.name, _within(place, month, then), then)
    if known is None:
        raise TroubleError(422, SENTENCES["before_all"])
    return known


def _within(place: Place, month: date, at: int) -> int:
    """The last instant of a month, or one before it: the periods of all figures are those in which it lies."""
    site = place.service.site
    noon = int(datetime.combine(month, time(12), site.zone).timestamp())
    return min(period_of("month", noon, site.plan.timezone).end - 1, at)


def said_known(place: Place, known: Known) -> str:
    """As known at which instant figures are: with it they can be had again."""
    return WORDS["as_known_at"].format(at=f"{_local(place, known.as_of):%Y-%m-%d %H:%M:%S}").in_(place.visit.lang)


def _local(place: Place, at: int) -> datetime:
    return datetime.fromtimestamp(at, place.moments.zone)


def lack(place: Place, known: Known) -> str:
    """What is missing in the figures, and how to learn more; empty: nothing is."""
    lang = place.visit.lang
    names = WORDS["list_comma"].in_(lang).join(known.unread[:NAMED]) + ("…" if len(known.unread) > NAMED else "")
    return WORDS["figures_lack"].format(n=len(known.unread), tickets=names).in_(lang) if known.unread else ""


def lines(place: Place, known: Known) -> list[Line]:
    return [_line(place, known.plan, value) for value in known.values]


def _line(place: Place, plan: Plan, value: FigureValue) -> Line:
    figure = plan.figures[value.figure]
    return Line(
        present.named(figure.id, figure.title),
        _period(place.moments, value.period),
        said(place.moments, value.value, value.unit),
        *numbered(value),
        value.n,
        Teller(plan, place.visit.lang).target(figure.target) if figure.target is not None else "",
        value.verdict or "",
        _note(place.visit.lang, value),
        value.rule.sources,
        figure.measure.source if isinstance(figure.measure, Outside) else "",
    )


def _note(lang: Lang, value: FigureValue) -> str:
    """Why there is no value, or what was left out of it."""
    if value.value is None:
        return _why(lang, value.reason)
    return WORDS["list_comma"].in_(lang).join(f"{_why(lang, name)} {count}" for name, count in value.left_out.items())


def _why(lang: Lang, reason: str) -> str:
    known = REASONS.get(reason)
    return known.in_(lang) if known is not None else reason


def _period(moments: Moments, period: Period) -> str:
    first, last = (datetime.fromtimestamp(at, moments.zone).date() for at in (period.start, period.end - 1))
    return f"{first}" if first == last else f"{first} – {last}"


def said(moments: Moments, value: Fraction | None, unit: str) -> str:
    """The value of a figure with its unit."""
    if value is None:
        return "—"
    return moments.length(int(value)) if unit == "seconds" else number_text(value, unit)


def numbered(value: FigureValue) -> tuple[int | float | None, str]:
    """The value of a figure as a number that can be drawn, and its unit."""
    unit = {"share": "share", "seconds": "hours"}.get(value.unit, "")
    if value.value is None:
        return None, unit
    number = value.value / 3600 if value.unit == "seconds" else value.value
    return int(number) if number.denominator == 1 else round(float(number), 4), unit


def _report(place: Place, one: Made) -> dict[str, Any]:
    """A report that fell due, with its numbers as they were known then."""
    lang = place.visit.lang
    return {
        "at": one.at,
        "report": present.named(one.id, one.title),
        "to": [present.role(one.plan, name) for name in one.to],
        "figures": [
            {
                "figure": present.named(number.id, number.title),
                "of": WORDS[f"of_{number.of}"].in_(lang) if number.of else "",
                "value": said(place.moments, number.value, number.unit),
                "weakest": number.id == one.weakest,
            }
            for number in one.figures
        ],
        "lack": WORDS["report_lacks"].format(n=one.unread).in_(lang) if one.unread else "",
    }


# ---- files -----------------------------------------------------------------------------------------------------------


def table(desk: Desk, place: Place, month: date, then: int | None) -> Iterator[Sequence[Cell]]:
    lang = place.visit.lang
    heads = ("figure", "period", "value", "unit", "counted", "target", "verdict", "note", "source")
    yield [WORDS[f"column_{name}"].in_(lang) for name in heads]
    known = figures_of(desk, place, month, then)
    for line in lines(place, known):
        verdict = WORDS[f"figure_{line.verdict}"].in_(lang) if line.verdict else ""
        unit = WORDS[f"unit_{line.unit}"].in_(lang) if line.unit else ""
        name = line.figure["title"] if lang == "zh" else line.figure["id"]
        sources = " ".join(line.sources)
        cells = [name, line.period, line.number, unit, line.n, line.target, verdict, line.note, sources]
        yield list(quoted(cells))
    yield [said_known(place, known)]
    if said := lack(place, known):
        yield [said]


def quoted(cells: Iterable[Cell]) -> Iterator[Cell]:
    """Cells that no spreadsheet takes for a formula, whoever wrote what stands in them."""
    for cell in cells:
        yield f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
