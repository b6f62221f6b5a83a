"""What may be granted where, checked against the sites and the roles of their policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from engine.server.entry.access import ACTIONS, EVERYWHERE, SCOPES, WORDS, Grants
from engine.server.entry.denials import Denial, denial

#: site -> the roles of its policy.
Known: TypeAlias = Mapping[str, frozenset[str]]
#: Scopes that give nothing at a single site.
ONLY_EVERYWHERE: Final = SCOPES - {"admin"} - {need.scope for need in ACTIONS.values() if not need.deployment}


def account_denial(sites: Grants, known: Known) -> Denial | None:
    """What is wrong with what an account is to be granted: roles, scopes, `wall`."""
    if wrong := _denial(sites, known, SCOPES | WORDS):
        return wrong
    for site, granted in sites.items():
        if not granted:
            return denial("grant_empty", site=site)
        if wrong := _idle_denial(granted, [site]):
            return wrong
    return None


def token_denial(scopes: frozenset[str], sites: Grants, known: Known) -> Denial | None:
    """What is wrong with the scopes of a token and its roles by site."""
    if not scopes:
        return denial("scope_missing")
    for word in sorted(scopes - SCOPES):
        return denial("scope_unknown", word=word, known=listed(SCOPES))
    if not sites:
        return denial("site_missing")
    return _denial(sites, known, frozenset()) or _idle_denial(scopes, list(sites))


def _idle_denial(words: frozenset[str], sites: Sequence[str]) -> Denial | None:
    """Scopes that are for the whole deployment are granted for nothing where it is not granted."""
    idle = words & ONLY_EVERYWHERE
    return denial("grant_everywhere", site=sites[0], word=listed(idle)) if idle and EVERYWHERE not in sites else None


def _denial(sites: Grants, known: Known, words: frozenset[str]) -> Denial | None:
    for site, granted in sites.items():
        if site != EVERYWHERE and site not in known:
            return denial("site_unknown", site=site, known=listed([*known, EVERYWHERE]))
        roles = frozenset[str]().union(*known.values()) if site == EVERYWHERE else known[site]
        for word in sorted(granted - roles - words):
            return denial("grant_unknown", site=site, word=word, known=listed(roles | words))
    return None


def listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
