"""Lists of people from files: staff and customers, each row a value, or every mistake of the list told at once."""

from engine.runtime.lists.cells import MISTAKES_MAX
from engine.runtime.lists.codes import Mistake
from engine.runtime.lists.customers import Customer, CustomerList, read_customers, search
from engine.runtime.lists.sheets import read_file
from engine.runtime.lists.staff import StaffList, read_staff

__all__ = [
    "MISTAKES_MAX",
    "Customer",
    "CustomerList",
    "Mistake",
    "StaffList",
    "read_customers",
    "read_file",
    "read_staff",
    "search",
]
