"""The pages of JSON: their tables of members, compared with a document that a command prints."""

import re
from collections.abc import Iterator

from support.pages import coded, rows, text

PAGES = (
    "docs/plan-json.md",
    "docs/run-json.md",
    "docs/ramp-json.md",
    "docs/explain-json.md",
    "docs/cli.md",
    "docs/cli-decisions.md",
)
DYNAMIC = re.compile(r"<\w+>")


def _told(title: str) -> set[str]:
    """The members in one table of the page."""
    page = next(page for page in PAGES if f"| {title} |" in text(page))
    return {name for row in rows(text(page), title=title) for name in coded(row[0])}


def _members(value: object, told: set[str], path: str = "") -> Iterator[str]:
    """The members of a document as the page writes them; names that are data become the page's placeholder."""
    if path in told:
        yield path
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _members(inner, told, _step(path, name, told))
    elif isinstance(value, list):
        for inner in value:
            yield from _members(inner, told, f"{path}[]")
    else:
        yield path


def _step(path: str, name: str, told: set[str]) -> str:
    """The path to a member: a placeholder where the page has one, and the name itself where it has not."""
    prefix = f"{path}." if path else ""
    placeholders = {
        found[0] for each in told if each.startswith(prefix) and (found := DYNAMIC.match(each[len(prefix) :]))
    }
    assert len(placeholders) <= 1
    return prefix + (placeholders.pop() if placeholders else name)


def compare(value: object, *titles: str) -> None:
    """The document has every member of these tables and no other."""
    told = {name for title in titles for name in _told(title)}
    assert set(_members(value, told)) == told
