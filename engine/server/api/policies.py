"""The policies that a site ran by, and the one that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StrictBool, StringConstraints

from engine.policy import Diagnostic, as_json
from engine.runtime import Change, Migration, Mode, migrate, prepare, preview, restore
from engine.server import present
from engine.server.api.route import Body, Short, Text, router
from engine.server.auth import Caller, needs
from engine.server.daemon import RefusedPolicyError
from engine.server.problems import SENTENCES, ProblemError, not_found
from engine.store import Query, Revision, everything, revisions_of
from engine.worktime import CalendarError

routes = router("policies")


@routes.get("/sites/{site}/policies", summary="Policies that were applied")
def policies(site: str, caller: Annotated[Caller, needs("policy.show")]) -> dict[str, Any]:
    """Every revision, the newest last, which new tickets go by once its effective date has come; and whether the site's
    file was `refused` since.
    """
    service = caller.service
    found = revisions_of(caller.daemon.database, site)
    return {
        "policies": [_shown(one, caller) for one in found],
        "active": service.site.plan_at(caller.at).version,
        "refused": site in caller.daemon.engine.refused,
    }


def _shown(one: Revision, caller: Caller) -> dict[str, Any]:
    return {
        "number": one.number,
        "version": one.version,
        "at": present.instant(one.at, caller.service.site.zone),
        "by": one.by,
        "why": one.why,
        "layers": list(one.files) if one.is_whole else [],
        "damaged": not one.is_whole,
    }


@routes.get("/sites/{site}/policies/active", summary="The policy that runs")
def active(site: str, caller: Annotated[Caller, needs("policy.show")]) -> dict[str, Any]:
    """With what is to be said about it, and about the file that was refused since, if one was."""
    plan = caller.service.site.plan
    revision = revisions_of(caller.daemon.database, site)[-1]
    refused = caller.daemon.engine.refused.get(site)
    return {
        **_shown(revision, caller),
        "title": plan.title,
        "effective": plan.effective.isoformat() if plan.effective is not None else None,
        "timezone": plan.timezone,
        "diagnostics": [as_json(one) for one in restore(revision).diagnostics],
        "refused": None if refused is None else _refused(refused),
    }


def _refused(said: str) -> dict[str, Any]:
    """A file that was refused, read again: with it repaired, there is nothing to be said."""
    path = Path(said)
    found: tuple[Diagnostic, ...] = prepare(path).diagnostics if path.is_file() else ()
    return {"file": path.name if path.is_file() else "", "diagnostics": [as_json(one) for one in found]}


class Reloading(Body):
    why: Text = ""
    version: Short | None = Field(None, description="Only if the file says this one; else 409 `other_file`.")


@routes.post("/sites/{site}/policies/reload", summary="Read the policy anew")
def reload(site: str, body: Reloading, caller: Annotated[Caller, needs("policy.apply")]) -> dict[str, Any]:
    """Run by the file of the site as it is now. One with mistakes is refused with 422 and all of them: nothing has
    changed then.
    """
    path = next((path for path in caller.daemon.config.sites if path.stem == site), None)
    if path is None or not path.is_file():
        raise not_found("no_policy")
    prepared = prepare(path, caller.daemon.today)
    if prepared.plan is not None and body.version not in (None, prepared.plan.version):
        raise ProblemError(409, "other_file", SENTENCES["other_file"], version=prepared.plan.version)
    try:
        revision = caller.daemon.adopt(path, prepared, caller.principal.name, body.why)
    except RefusedPolicyError as refused:
        caller.daemon.engine.refused[site] = str(path)
        caller.note("policy.apply", outcome="refused")
        found = [as_json(one) for one in refused.diagnostics]
        raise ProblemError(422, "policy", SENTENCES["policy"], diagnostics=found) from None
    return _applied(revision, caller)


def _applied(revision: Revision | None, caller: Caller) -> dict[str, Any]:
    """What was applied, None where it ran already; and how many open tickets go by another version: `older`."""
    version = caller.service.site.plan.version
    caller.note("policy.apply", version)
    rows = everything(caller.service.store, Query(open=True))
    return {
        "applied": _shown(revision, caller) if revision is not None else None,
        "active": version,
        "older": sum(row.plan != version for row in rows),
    }


class Day(Body):
    date: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    isOffDay: StrictBool  # noqa: N815 - as the files of day data have it
    name: Annotated[str, StringConstraints(max_length=100)] = ""


class Days(Body):
    edition: Short = Field(description="What to call it; a name is taken once. The same days again change nothing.")
    year: Annotated[int, Field(ge=1990, le=2100)] | None = Field(None, description="Of which it is the whole notice.")
    days: list[Day] = Field(max_length=400)


@routes.post("/sites/{site}/days", summary="Publish days off and make-up days")
def publish(site: str, body: Days, caller: Annotated[Caller, needs("calendar.publish")]) -> dict[str, Any]:
    """Every open ticket goes by them from now on, and dues that move say so."""
    return _published(body, caller, site)


@routes.post("/days", summary="Publish days off and make-up days to all sites")
def publish_everywhere(body: Days, caller: Annotated[Caller, needs("calendar.publish")]) -> dict[str, Any]:
    """To each of them, or to none. Where the store refuses half-way (503 `half_done`), or the daemon is killed, asking
    again does the rest.
    """
    return _published(body, caller)


def _published(body: Days, caller: Caller, site: str | None = None) -> dict[str, Any]:
    if site is not None and caller.daemon.engine.service(site) is None:
        raise not_found("no_site")
    document = body.model_dump(exclude={"edition"}, exclude_none=True)
    try:
        sites = caller.daemon.publish_days(body.edition, document, site)
    except CalendarError as error:
        found = [{"where": list(one.path), "what": one.reason, "said": one.message} for one in error.problems]
        raise ProblemError(422, "days", SENTENCES["days"], errors=found) from None
    caller.note("calendar.publish", body.edition)
    return {"edition": body.edition, "sites": list(sites)}


class RollingBack(Body):
    number: Annotated[int, Field(ge=1, le=2**53)]
    why: Text = ""


@routes.post("/sites/{site}/policies/rollback", summary="Apply an older policy again")
def rollback(site: str, body: RollingBack, caller: Annotated[Caller, needs("policy.apply")]) -> dict[str, Any]:
    """Run by an older revision, which becomes a new one. The site's file does not undo it before it says something
    new.
    """
    if all(one.number != body.number for one in revisions_of(caller.daemon.database, site)):
        raise not_found("no_revision")
    return _applied(caller.daemon.engine.rollback(site, body.number, caller.principal.name, body.why), caller)


class Migrating(Body):
    to: Short = Field(description="A version of the site's policies.")
    mode: Mode = Field("recompute", description="Of deadlines that both versions have.")
    modes: dict[Short, Mode] = Field({}, max_length=200, description="The same of single ones: deadline -> mode.")
    states: dict[Short, Short] = Field({}, max_length=200, description="States that the new version renamed.")
    tickets: list[Short] | None = Field(None, max_length=1000, description="Only these, with their parts.")
    dry_run: StrictBool = True


@routes.post("/sites/{site}/policies/migrate", summary="Bring open tickets to another version")
def migration(site: str, body: Migrating, caller: Annotated[Caller, needs("policy.apply")]) -> dict[str, Any]:
    """Each ticket whole or not at all. Lists those whose due dates change, and those that stay as they are, and why:
    `unknown` (its category is gone), `state` (its state is), `final` (its state is final in one version only),
    `unreadable` (nobody can look at it). With `dry_run` nothing is changed.
    """
    plan = caller.service.site.plans.get(body.to)
    if plan is None:
        raise not_found("no_revision")
    known = [deadline.id for deadline in plan.deadlines]
    if strange := [name for name in body.modes if name not in known]:
        words = SENTENCES["no_deadline"].format(name=strange[0], known=", ".join(known))
        raise ProblemError(422, "no_deadline", words, about=strange[0])
    asked = Migration(body.to, body.mode, body.modes, body.states)
    changes = (preview if body.dry_run else migrate)(caller.service, asked, caller.at, body.tickets)
    if not body.dry_run:
        caller.note("policy.apply", f"migrate {body.to}")
    return {
        "migrated": sum(one.refused is None for one in changes),
        "stayed": sum(one.refused is not None for one in changes),
        "changes": [_change(one, caller) for one in changes if one.moves or one.refused is not None],
    }


def _change(one: Change, caller: Caller) -> dict[str, Any]:
    def instant(at: int | None) -> Any:
        return present.instant(at, caller.service.site.zone) if at is not None else None

    dues = [{**due._asdict(), "old": instant(due.old), "new": instant(due.new)} for due in one.dues]
    refused = {"code": one.refused.code, "about": one.refused.detail} if one.refused is not None else None
    return {**one._asdict(), "dues": dues, "refused": refused}
