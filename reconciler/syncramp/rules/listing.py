"""The built-in rules as a list: for people who want to read them. No run uses it."""

from collections.abc import Iterable
from dataclasses import dataclass

from syncramp.model.values import Kind, Type
from syncramp.rules.catalogue import WIRE, well_known
from syncramp.rules.exclusions import EXCLUSIONS, LINKED, Exclusion
from syncramp.rules.flows import FLOWS, REFERENCES
from syncramp.rules.origins import STAND_INS, words
from syncramp.spec.types import SourceAnchor

_GUID = SourceAnchor.OBJECT_GUID.value


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


def built_in(kinds: Iterable[Kind] = Kind, anchor: str = SourceAnchor.CONSISTENCY_GUID.value) -> list[BuiltIn]:
    """The built-in rules, kind by kind.

    :param anchor: what ``identity.sourceAnchor`` names.
    """
    return [BuiltIn(kind, _exclusions(kind), (_anchor(kind, anchor), *_rows(kind))) for kind in kinds]


def _exclusions(kind: Kind) -> tuple[Exclusion, ...]:
    return (*EXCLUSIONS[kind], LINKED) if kind is Kind.USER else EXCLUSIONS[kind]


def _anchor(kind: Kind, chosen: str) -> Row:
    attribute = chosen if kind is Kind.USER else _GUID
    known = attribute in tuple(SourceAnchor)
    stands_in = f"{_GUID}, because it has no {attribute}" if known and attribute != _GUID else ""
    how = "base64" if known else "text as it is, bytes as base64"
    return Row("sourceAnchor", Type.STRING, False, attribute, how, "", stands_in)


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
            spelled.name if (spelled := well_known(flow.needs)) else "",
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
