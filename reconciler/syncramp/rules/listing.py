"""The built-in rules as a list: for people who want to read them. No run uses it."""

from collections.abc import Iterable
from dataclasses import dataclass

from syncramp.model.values import Kind, Type
from syncramp.rules.catalogue import WIRE
from syncramp.rules.exclusions import EXCLUSIONS, Exclusion
from syncramp.rules.flows import FLOWS, REFERENCES
from syncramp.rules.origins import STAND_INS, words


@dataclass(frozen=True, slots=True)
class Row:
    """How one attribute of an object is made."""

    wire: str
    """Its name at the service."""
    type: Type
    multi: bool
    attribute: str
    """The directory attribute; empty where it is made of something else."""
    how: str
    needs: str
    """It flows only where this attribute has a value; empty where it needs none."""
    otherwise: str
    """What stands in where the directory has no value; empty where nothing does."""


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """The built-in rules for a kind."""

    kind: Kind
    exclusions: tuple[Exclusion, ...]
    rows: tuple[Row, ...]


def built_in(kinds: Iterable[Kind] = Kind) -> list[BuiltIn]:
    """The built-in rules, kind by kind."""
    return [BuiltIn(kind, EXCLUSIONS[kind], tuple(_rows(kind))) for kind in kinds]


def _rows(kind: Kind) -> list[Row]:
    known, stand_ins = WIRE[kind], STAND_INS[kind]
    flows = {flow.wire: flow for flow in (*FLOWS[kind], *REFERENCES[kind])}
    rows = [
        Row(
            flow.wire,
            known[flow.wire].type,
            known[flow.wire].multi,
            flow.attribute,
            words(flow),
            flow.needs,
            stand_ins.get(flow.wire, ""),
        )
        for flow in flows.values()
    ]
    derived = [
        Row(wire, known[wire].type, known[wire].multi, "", how, "", "")
        for wire, how in stand_ins.items()
        if wire not in flows
    ]
    return rows + derived
