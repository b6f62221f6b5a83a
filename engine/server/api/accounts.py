"""Accounts of people and tokens of machines: made, listed, changed, revoked."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Response
from pydantic import Field

from engine.server.api.route import Body, Short, Text, Whole, router
from engine.server.auth import Caller, needs
from engine.server.entry.access import Grants
from engine.server.entry.accounts import Profile
from engine.server.entry.denials import Denial
from engine.server.entry.tokens import Purpose
from engine.server.problems import denied
from engine.store.tables.access import Account, Token

routes = router("access")
Granted = Annotated[
    dict[Short, Annotated[list[Short], Field(max_length=100)]],
    Field(
        max_length=200,
        description="Site (`*`: all of them) -> what is granted there.",
        examples=[{"lakeside": ["agent"]}],
    ),
]


class NewAccount(Body):
    name: Short
    person: Short
    password: Annotated[Text, Field(max_length=400)]
    sites: Granted
    language: Short = "zh"


class ChangedAccount(Body):
    """What an account is from now on; `disabled` ends its sessions."""

    person: Short
    sites: Granted
    language: Short = "zh"
    disabled: bool = False


class NewPassword(Body):
    present: Annotated[Text, Field(max_length=400)]
    password: Annotated[Text, Field(max_length=400)]


class NewToken(Body):
    """`expires_at`: seconds UTC, at most 366 days from now."""

    name: Short
    scopes: Annotated[list[Short], Field(max_length=50)]
    sites: Granted
    expires_at: Whole
    person: Text = ""
    language: Short = "zh"


def _grants(sites: dict[str, list[str]]) -> Grants:
    return {site: frozenset(words) for site, words in sites.items()}


@routes.get("/accounts", summary="Accounts")
def accounts(caller: Annotated[Caller, needs("account.list")]) -> dict[str, Any]:
    return {"accounts": [_account(one) for one in caller.gate.accounts.all()]}


@routes.post("/accounts", status_code=201, summary="Make an account")
def make_account(body: NewAccount, caller: Annotated[Caller, needs("account.make")]) -> dict[str, Any]:
    profile = Profile(body.person, _grants(body.sites), body.language)
    return _account(_done(caller.gate.accounts.make(caller.call, body.name, profile, body.password)))


@routes.put("/accounts/{name}", summary="Change an account")
def change_account(
    name: str, body: ChangedAccount, caller: Annotated[Caller, needs("account.change")]
) -> dict[str, Any]:
    found = caller.gate.accounts
    changed = _done(found.change(caller.call, name, Profile(body.person, _grants(body.sites), body.language)))
    if changed.disabled is not body.disabled:
        changed = _done((found.disable if body.disabled else found.enable)(caller.call, name))
    return _account(changed)


@routes.put("/account/password", status_code=204, summary="Change one's own password")
def change_password(body: NewPassword, caller: Annotated[Caller, needs("account.own")]) -> Response:
    """Of whoever is signed in; all of his sessions end, also this one. Wrong ones wait as at signing in."""
    _done(caller.gate.accounts.change_password(caller.call, caller.principal.name, body.present, body.password))
    return Response(status_code=204)


def _done(made: Account | Denial) -> Account:
    if isinstance(made, Denial):
        raise denied(made)
    return made


def _account(one: Account) -> dict[str, Any]:
    return {
        "name": one.name,
        "person": one.person,
        "language": one.language,
        "sites": {site: sorted(words) for site, words in one.sites.items()},
        "disabled": one.disabled,
        "created_at": one.created_at,
    }


@routes.get("/tokens", summary="Tokens")
def tokens(caller: Annotated[Caller, needs("token.list")]) -> dict[str, Any]:
    """All that were ever made, without their secrets."""
    return {"tokens": [token_shown(one) for one in caller.gate.tokens.all()]}


@routes.post("/tokens", status_code=201, summary="Make a token")
def make_token(body: NewToken, caller: Annotated[Caller, needs("token.make")]) -> dict[str, Any]:
    """`text` is the token itself: it is shown here and never again."""
    purpose = Purpose(
        body.name, frozenset(body.scopes), _grants(body.sites), body.expires_at, body.person, body.language
    )
    made = caller.gate.tokens.make(caller.call, purpose)
    if isinstance(made, Denial):
        raise denied(made)
    return {**token_shown(made.token), "text": made.text}


@routes.delete("/tokens/{id}", status_code=204, summary="Revoke a token")
def revoke_token(id: str, caller: Annotated[Caller, needs("token.revoke")]) -> Response:
    """It is dead with the next request."""
    if wrong := caller.gate.tokens.revoke(caller.call, id):
        raise denied(wrong)
    return Response(status_code=204)


def token_shown(one: Token) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "person": one.person,
        "language": one.language,
        "scopes": sorted(one.scopes),
        "sites": {site: sorted(words) for site, words in one.sites.items()},
        "made_by": one.made_by,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "revoked_at": one.revoked_at,
        "used_at": one.used_at,
    }
