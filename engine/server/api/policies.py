"""The policies that a site ran by, and the one that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from engine.policy import Diagnostic, as_json
from engine.runtime import prepare, restore
from engine.server import present
from engine.server.api.route import Body, Text, router
from engine.server.auth import Caller, needs
from engine.server.daemon import RefusedPolicyError
from engine.server.problems import SENTENCES, ProblemError, not_found
from engine.store import Revision, revisions_of

routes = router("policies")


@routes.get("/sites/{site}/policies", summary="Policies that were applied")
def policies(site: str, caller: Annotated[Caller, needs("policy.show")]) -> dict[str, Any]:
    """Every revision, the newest last, which new tickets go by once its effective date has come."""
    service = caller.service
    found = revisions_of(caller.daemon.database, site)
    return {"policies": [_shown(one, caller) for one in found], "active": service.site.plan_at(caller.at).version}


def _shown(one: Revision, caller: Caller) -> dict[str, Any]:
    return {
        "number": one.number,
        "version": one.version,
        "at": present.instant(one.at, caller.service.site.zone),
        "by": one.by,
        "why": one.why,
        "layers": list(one.files),
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


@routes.post("/sites/{site}/policies/reload", summary="Read the policy anew")
def reload(site: str, body: Reloading, caller: Annotated[Caller, needs("policy.apply")]) -> dict[str, Any]:
    """Run by the file of the site as it is now. One with mistakes is refused with 422 and all of them: nothing has
    changed then.
    """
    path = next((path for path in caller.daemon.config.sites if path.stem == site), None)
    service = caller.service
    if path is None or not path.is_file():
        raise not_found("no_policy")
    try:
        revision = caller.daemon.apply(path, caller.principal.name, body.why)
    except RefusedPolicyError as refused:
        caller.daemon.engine.refused[site] = str(path)
        caller.note("policy.apply", outcome="refused")
        found = [as_json(one) for one in refused.diagnostics]
        raise ProblemError(422, "policy", SENTENCES["policy"], diagnostics=found) from None
    caller.note("policy.apply", service.site.plan.version)
    return {"applied": _shown(revision, caller) if revision is not None else None, "active": service.site.plan.version}
