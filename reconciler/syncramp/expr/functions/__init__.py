"""The functions that expressions may use: pure Python, in one module for each family, with one table of all."""

from syncramp.expr.functions import bits, choices, conversions, lists, names, text, times
from syncramp.expr.functions.table import FUNCTIONS, Family, Function, Overload
from syncramp.expr.types import Special

FAMILIES = {
    Family.TEXT: text,
    Family.LIST: lists,
    Family.CONVERSION: conversions,
    Family.TIME: times,
    Family.BITS: bits,
    Family.CHOICE: choices,
    Family.NAME: names,
}
"""Importing a module enters its functions into the table."""
SPECIALS = {"noValue": Special.NO_VALUE, "leave": Special.LEAVE, "clear": Special.CLEAR}
"""Functions whose result is no value."""
OVERLOADS: dict[str, Overload] = {
    id_: overload
    for function in FUNCTIONS.values()
    for overload in function.overloads
    for id_ in (overload.id, f"{overload.id}_behind")
}
"""By the id that the library knows them by; a call behind the first argument has one of its own."""

__all__ = ["FAMILIES", "FUNCTIONS", "OVERLOADS", "SPECIALS", "Family", "Function", "Overload"]
