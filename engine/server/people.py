"""Lists of people at the door of a daemon: a site's staff, its customers, and what is known of one of them."""

from __future__ import annotations

from typing import NamedTuple

from engine.runtime import Customer, Mistake, leavers, read_customers, read_staff, search
from engine.server.daemon import Daemon
from engine.store import Query, customers_of, keep_customers


class Imported(NamedTuple):
    """What a list did, or its mistakes: with one mistake nothing is done."""

    kind: str  #: staff or customers
    listed: int
    come: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()


def import_staff(daemon: Daemon, site: str, name: str, data: bytes) -> Imported:
    """The roster is what this CSV or XLSX file says, from now on."""
    service = daemon.engine.services[site]
    staff, mistakes = read_staff(name, data, service.site.plan, service.site.zone)
    if mistakes:
        return Imported("staff", 0, mistakes=tuple(mistakes))
    before, at = service.site.roster.entries, daemon.clock()
    what = service.list_staff(at, staff)
    come = tuple(dict.fromkeys(entry.person for entry in what.come))
    return Imported("staff", len(staff), come, leavers(before, service.site.roster.entries, at))


def import_customers(daemon: Daemon, site: str, name: str, data: bytes) -> Imported:
    """The customers are those of this file; who is no longer in it is forgotten here, histories keep references."""
    customers, mistakes = read_customers(name, data)
    if mistakes:
        return Imported("customers", 0, mistakes=tuple(mistakes))
    keep_customers(daemon.database, site, [(one.unit, one.name, one.phone, one.note) for one in customers])
    return Imported("customers", len(customers))


def find_customers(daemon: Daemon, site: str, text: str) -> tuple[Customer, ...]:
    """Those whose unit, or some of whose number, a desk typed."""
    return tuple(search((Customer(*row) for row in customers_of(daemon.database, site)), text))


def history(daemon: Daemon, site: str, fact: str, value: str, limit: int = 20) -> tuple[str, ...]:
    """The tickets filed under a personal value, such as a unit: what this customer reported before."""
    service = daemon.engine.services[site]
    reference = service.store.reference(fact, value)
    if reference is None:
        return ()
    return tuple(row.ticket for row in service.store.rows(Query(link=f"{fact}:{reference}", limit=limit)))
