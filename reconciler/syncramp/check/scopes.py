"""What no schema can tell of a scope: what it leaves out lies below it, its pilot group is named by a DN or a GUID,
and no two scopes of a source have one base.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from syncramp.check.findings import Finding
from syncramp.check.remedies import form
from syncramp.check.values import items, members, show
from syncramp.rules.places import GUID
from syncramp.source.dn import DnError, canonical, fold, lies_below


def scope_findings(data: Mapping[str, Any], refused: Collection[str]) -> Iterator[Finding]:
    """What is wrong with the scopes of a document.

    :param data: a document with its defaults.
    :param refused: paths that the schema has refused; they are not judged again.
    """
    for path, source in items("spec.sources", members(data.get("spec")).get("sources")):
        bases: dict[str, str] = {}
        for place, scope in items(f"{path}.scope", members(source).get("scope")):
            yield from _guid(f"{place}.guid", members(scope).get("guid"), bases, refused)
            yield from _exclusions(place, members(scope), refused)
            yield from _group(f"{place}.group", members(scope).get("group"), refused)


def _guid(path: str, guid: Any, bases: dict[str, str], refused: Collection[str]) -> Iterator[Finding]:
    if not isinstance(guid, str) or path in refused:
        return
    first = bases.setdefault(guid.lower(), path)
    if first != path:
        yield Finding(path, f"names the same entry as {first}", "remove one of them, or change it", show(path, guid))


def _exclusions(place: str, scope: Mapping[str, Any], refused: Collection[str]) -> Iterator[Finding]:
    base = _canonical(scope.get("dn"))
    seen: dict[bytes, str] = {}
    for path, text in items(f"{place}.exclude", scope.get("exclude")):
        if not isinstance(text, str) or path in refused:
            continue
        try:
            name = canonical(text)
        except DnError as error:
            reason = f"is no distinguished name: {str(error).removesuffix(f' in {text!r}')}"
            yield Finding(path, reason, form(path, ""), show(path, text))
            continue
        if base and (not lies_below(name, base) or fold(name) == fold(base)):
            yield Finding(path, f"does not lie below {base!r}, the dn of its scope", form(path, ""), show(path, text))
        elif seen.setdefault(fold(name), path) != path:
            reason = f"names the same entry as {seen[fold(name)]}"
            yield Finding(path, reason, "remove one of them, or change it", show(path, text))


def _group(path: str, group: Any, refused: Collection[str]) -> Iterator[Finding]:
    if not isinstance(group, str) or path in refused or GUID.fullmatch(group):
        return
    try:
        if canonical(group):
            return
        reason = "is neither a distinguished name nor a GUID: it is empty"
    except DnError as error:
        reason = f"is neither a GUID nor a distinguished name: {str(error).removesuffix(f' in {group!r}')}"
    yield Finding(path, reason, form(path, ""), show(path, group))


def _canonical(dn: Any) -> str:
    """A DN in its one spelling; empty where it has none, which is told elsewhere."""
    try:
        return canonical(dn) if isinstance(dn, str) else ""
    except DnError:
        return ""
