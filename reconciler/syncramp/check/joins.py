"""How entries are joined: expressions with their place, and what can be merged."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from syncramp.check.expressions import expression_findings
from syncramp.check.findings import Finding
from syncramp.check.values import below, items, members
from syncramp.expr.types import Want
from syncramp.model.values import Kind
from syncramp.rules.catalogue import WIRE
from syncramp.rules.joins import environment
from syncramp.spec.structure import attribute_of
from syncramp.words import closest

_LISTS = {name for kind in (Kind.USER, Kind.CONTACT) for name, found in WIRE[kind].items() if found.multi}


def join_findings(data: Mapping[str, Any], refused: Collection[str]) -> Iterator[Finding]:
    """What is wrong with ``spec.identity.joins`` and ``spec.identity.merge``.

    :param data: a document with its defaults.
    :param refused: paths that the schema has refused; they are not judged again.
    """
    spec = members(data.get("spec"))
    identity = members(spec.get("identity"))
    texts = {
        f"{path}.expression": members(join).get("expression")
        for path, join in items("spec.identity.joins", identity.get("joins"))
    }
    asked = {path: text for path, text in texts.items() if isinstance(text, str) and path not in refused}
    if asked and not any(path.startswith("spec.attributes") for path in refused):
        names = environment([attribute_of(body) for body in spec.get("attributes", ())])
        for path, text in asked.items():
            yield from expression_findings(path, text, names, Want.KEY)
    for name in members(identity.get("merge")):
        if name not in _LISTS:
            path, near = below("spec.identity.merge", name), closest(name, _LISTS)
            reason = "is no attribute with several values of a user or a contact"
            yield Finding(path, reason, f"did you mean {near}?" if near else "remove it")
