"""The functions that expressions may use: pure Python, in one module for each family, with one table of all."""

from syncramp.expr.functions import text as _text  # noqa: F401  # fills the table
from syncramp.expr.functions.table import FUNCTIONS, Family, Function, Overload
from syncramp.expr.types import Special

SPECIALS = {"noValue": Special.NO_VALUE, "leave": Special.LEAVE, "clear": Special.CLEAR}
"""Functions whose result is no value."""
OVERLOADS: dict[str, Overload] = {
    id_: overload
    for function in FUNCTIONS.values()
    for overload in function.overloads
    for id_ in (overload.id, f"{overload.id}_behind")
}
"""By the id that the library knows them by; a call behind the first argument has one of its own."""

__all__ = ["FUNCTIONS", "OVERLOADS", "SPECIALS", "Family", "Function", "Overload"]
