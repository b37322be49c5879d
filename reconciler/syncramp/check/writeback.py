"""Groups that are written to a directory: one that can be written to, a place in it, and an account of its own."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from syncramp.check.expressions import expression_findings
from syncramp.check.findings import Finding
from syncramp.check.remedies import form
from syncramp.check.values import items, members, show
from syncramp.check.zones import zone_findings
from syncramp.expr.types import Want
from syncramp.source.dn import DnError, canonical
from syncramp.words import count
from syncramp.writeback.wanted import environment

GROUPS = "spec.writeback.groups"
NAMED = "name an attribute that Microsoft Graph has of groups (docs/spec/writeback.md, what where can name)"


def writeback_findings(data: Mapping[str, Any], refused: Collection[str]) -> Iterator[Finding]:
    """What is wrong with ``spec.writeback``.

    :param data: a document with its defaults.
    :param refused: paths that the schema has refused; nothing is judged of what has one of them.
    """
    spec = members(data.get("spec"))
    groups = members(members(spec.get("writeback")).get("groups"))
    if not groups or any(path.startswith("spec.writeback") for path in refused):
        return
    source = _named(spec, groups["source"])
    yield from _source(groups, source)
    yield from _container(groups["container"])
    if (where := groups["match"].get("where")) is not None:
        yield from expression_findings(f"{GROUPS}.match.where", where, environment(), Want.CONDITION, NAMED)
    yield from _account(groups, source)
    yield from _endless(groups)
    yield from zone_findings(f"{GROUPS}.ramp.timeZone", groups["ramp"]["timeZone"])


def _named(spec: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    sources = (members(source) for _, source in items("spec.sources", spec.get("sources")))
    return next((source for source in sources if source.get("name") == name), {})


def _source(groups: Mapping[str, Any], source: Mapping[str, Any]) -> Iterator[Finding]:
    path, name = f"{GROUPS}.source", groups["source"]
    if not source:
        yield Finding(path, "is no source of this document", form(path, ""), show(path, name))
    elif source.get("ldap") is None:
        yield Finding(path, "is read from a file, and groups are written over LDAP", form(path, ""), show(path, name))


def _container(text: str) -> Iterator[Finding]:
    """A domain itself is no place: whoever may make groups there holds rights over all of it."""
    path = f"{GROUPS}.container"
    try:
        name = canonical(text)
    except DnError as error:
        reason = f"is no distinguished name: {str(error).removesuffix(f' in {text!r}')}"
        yield Finding(path, reason, form(path, ""), show(path, text))
        return
    if not name or name.lower().startswith("dc="):
        reason = "is no organisational unit, but a domain" if name else "is no distinguished name: it is empty"
        yield Finding(path, reason, form(path, ""), show(path, text))


def _account(groups: Mapping[str, Any], source: Mapping[str, Any]) -> Iterator[Finding]:
    """Who reads a directory may see all of it; who writes may change one unit: nobody needs both."""
    path = f"{GROUPS}.bind.secretRef.name"
    bind = members(members(source.get("ldap")).get("bind"))
    if members(bind.get("secretRef")).get("name") == groups["bind"]["secretRef"]["name"]:
        reason = "is the account that reads the directory"
        yield Finding(
            path, reason, "write the Secret of an account of its own, which may write in the container alone"
        )


def _endless(groups: Mapping[str, Any]) -> Iterator[Finding]:
    """A ramp below whose last ceiling no group ever is whole."""
    least = groups["match"]["minMembers"]
    last = max((step["ceiling"] for step in groups["ramp"].get("steps", ()) if "ceiling" in step), default=least)
    if last < least:
        reason = f"can never end: its groups have {count(least, 'member')} or more, and its last ceiling is {last:,}"
        yield Finding(f"{GROUPS}.ramp.steps", reason, "add a higher step, or set a lower match.minMembers")
