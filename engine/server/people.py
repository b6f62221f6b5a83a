"""Lists of people at the door of a daemon: a site's staff, its customers, and what is known of one of them."""

from __future__ import annotations

from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from engine.core import Plan
from engine.runtime import (
    MISTAKES_MAX,
    Customer,
    CustomerList,
    Mistake,
    Service,
    StaffList,
    leavers,
    list_staff,
    read_customers,
    read_staff,
    search,
)
from engine.server.daemon import Daemon
from engine.server.entry.access import Principal, allowed
from engine.store import Query, customers_of, keep_customers

#: The code of a list that lacks a column it must have.
NO_COLUMN: Final = "P103"
FOUND_MAX: Final = 20  #: customers at once


class Imported(NamedTuple):
    """What a list did, or its mistakes: with one mistake nothing is done."""

    kind: str  #: staff or customers
    listed: int
    come: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()

    @property
    def more(self) -> bool:
        """Whether there may be others than those that are named."""
        return len(self.mistakes) >= MISTAKES_MAX


def import_list(daemon: Daemon, site: str, name: str, data: bytes) -> Imported:
    """Take a CSV or XLSX file called `name`: its headings say whether it lists customers or staff."""
    customers = read_customers(name, data)
    if any(one.code == NO_COLUMN for one in customers.mistakes):
        return _import_staff(daemon, site, read_staff(name, data, *_reading(daemon, site)))
    return _import_customers(daemon, site, customers)


def _reading(daemon: Daemon, site: str) -> tuple[Plan, ZoneInfo]:
    """By which plan a list is read: the one in force, so that one applied ahead keeps nobody from today's list."""
    known = daemon.engine.services[site].site
    return known.plan_at(daemon.clock()), known.zone


def _import_staff(daemon: Daemon, site: str, staff: StaffList) -> Imported:
    """The roster is what the list says, from now on."""
    if staff.mistakes:
        return Imported("staff", 0, mistakes=staff.mistakes)
    service, at = daemon.engine.services[site], daemon.clock()
    before = service.site.roster.entries
    what = list_staff(service, at, staff.staff)
    come = tuple(dict.fromkeys(entry.person for entry in what.come))
    return Imported("staff", len(staff.staff), come, leavers(before, service.site.roster.entries, at))


def _import_customers(daemon: Daemon, site: str, customers: CustomerList) -> Imported:
    """The customers are those of the list; who is no longer in it is forgotten here, histories keep references."""
    if customers.mistakes:
        return Imported("customers", 0, mistakes=customers.mistakes)
    rows = [(one.unit, one.name, one.phone, one.note) for one in customers.customers]
    keep_customers(daemon.database, site, rows)
    return Imported("customers", len(rows))


def may_find(service: Service, principal: Principal, now: int) -> bool:
    """Whether somebody may look customers up: who may see personal values of tickets that are not his own."""
    site = service.site
    roles = site.roster.acting_roles(principal.person, now) | principal.roles(site.plan.id)
    privacy = site.plan.privacy
    by_role = privacy is None or bool(roles & privacy.see)
    may = {action: allowed(principal, action, site.plan.id) for action in ("customer.find", "people.list")}
    return may["customer.find"] and (by_role or may["people.list"])


def find_customers(daemon: Daemon, site: str, text: str) -> tuple[Customer, ...]:
    """Those whose unit, or some of whose number, a desk typed; never the whole site."""
    return search((Customer(*row) for row in customers_of(daemon.database, site)), text)[:FOUND_MAX]


def history(daemon: Daemon, site: str, fact: str, value: str, limit: int = 20) -> tuple[str, ...]:
    """The tickets filed under a personal value, such as a unit: what this customer reported before."""
    service = daemon.engine.services[site]
    reference = service.store.reference(fact, value)
    if reference is None:
        return ()
    return tuple(row.ticket for row in service.store.rows(Query(link=f"{fact}:{reference}", limit=limit)))
