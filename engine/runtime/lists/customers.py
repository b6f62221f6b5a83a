"""The customers of a site, by unit, and how a desk finds one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from engine.policy import Words
from engine.runtime.lists.cells import first, is_date, lacking, wrong_phone
from engine.runtime.lists.codes import Mistake, mistake
from engine.runtime.lists.tables import Column, Row, read_table
from engine.runtime.phones import digits, numbers


@dataclass(frozen=True, slots=True)
class Customer:
    """Who lives or works in a unit. All but the unit is personal: it belongs in the vault and in no log."""

    unit: str
    name: str = field(repr=False)
    phone: str = field(default="", repr=False)  #: one or several, as they were written
    note: str = field(default="", repr=False)


AS_TEXT: Final = Words("format the column as text, and type the unit again", "请把该列设为文本格式，再重新输入房号")
ONE_ROW: Final = Words("write one row, with all telephone numbers", "请合并为一行，写全电话")
CUSTOMERS: Final = (
    Column("unit", Words("unit", "房号"), ("单元", "户号"), required=True),
    Column("customer", Words("customer", "客户"), ("name", "姓名", "业主", "租户"), required=True),
    Column("phone", Words("phone", "电话"), ("手机", "手机号", "联系电话")),
    Column("note", Words("note", "备注")),
)


class CustomerList(NamedTuple):
    """Either the customers, or the mistakes."""

    customers: tuple[Customer, ...]
    mistakes: tuple[Mistake, ...]


def read_customers(name: str, data: bytes) -> CustomerList:
    """The customers in a CSV or XLSX file called `name`, or all of its mistakes; a unit may have several rows."""
    table = read_table(name, data, CUSTOMERS)
    mistakes = [*table.mistakes]
    seen: dict[tuple[object, ...], int] = {}
    for row in table.rows:
        mistakes += lacking(table, row, CUSTOMERS)
        mistakes += wrong_phone(table, row)
        if is_date(row.cells.get("unit", "")):
            mistakes.append(mistake("P302", table.place(row, "unit")).helping(AS_TEXT))
        unit, customer = row.cells.get("unit", ""), row.cells.get("customer", "")
        if (line := seen.setdefault((unit_parts(unit), customer), row.line)) != row.line and unit and customer:
            mistakes.append(mistake("P301", table.place(row, "customer"), line=line).helping(ONE_ROW))
    found = first(mistakes)
    return CustomerList(() if found else tuple(_customer(row) for row in table.rows), found)


def _customer(row: Row) -> Customer:
    cells = row.cells
    return Customer(cells["unit"], cells["customer"], cells.get("phone", ""), cells.get("note", ""))


# ---- at the desk -----------------------------------------------------------------------------------------------------

DIGITS_MIN: Final = 4  #: of a telephone number; fewer would show half of the site


def search(customers: Iterable[Customer], text: str) -> tuple[Customer, ...]:
    """The customers of a unit; where there is none, those of a building or staircase, or of a telephone number.

    `3栋2单元1101` finds `3-2-1101`; of a number the last four digits will do.
    """
    customers = tuple(customers)
    asked, number = unit_parts(text), digits(text)
    exact = tuple(one for one in customers if asked and unit_parts(one.unit) == asked)
    return exact or tuple(one for one in customers if _within(one, asked) or _reached_by(one, number))


def _within(customer: Customer, asked: tuple[str, ...]) -> bool:
    return bool(asked) and unit_parts(customer.unit)[: len(asked)] == asked


def _reached_by(customer: Customer, number: str) -> bool:
    enough = number.isdecimal() and len(number) >= DIGITS_MIN
    return enough and any(known.endswith(number) for known in numbers(customer.phone))


_PART: Final = re.compile(r"\d+|[^\W\d_]+")
#: The words between the numbers of an address.
_UNIT_WORDS: Final = re.compile(r"号楼|单元|[栋幢座楼室号房]")


def unit_parts(unit: str) -> tuple[str, ...]:
    """`3栋2单元1101室`, `3-2-1101` and `３－２－１１０１` are all (3, 2, 1101)."""
    return tuple(_PART.findall(_UNIT_WORDS.sub("-", unicodedata.normalize("NFKC", unit).casefold())))
