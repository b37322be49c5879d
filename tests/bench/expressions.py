"""``python -m bench.expressions``: what one expression of a rule costs on an entry of 20 attributes.

Time is the processor's. Each expression is evaluated in rounds of many, and the best round counts.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

from syncramp.expr import Environment, Expression, Name, Want
from syncramp.model.facts import Entry
from syncramp.model.values import Kind, Type
from syncramp.rules.own import OwnRules
from syncramp.rules.types import Decision, DirectoryObject
from syncramp.spec.types import Rule

TEXT, TEXTS = Name(Type.STRING), Name(Type.STRING, multi=True)
ATTRIBUTES = {
    **{f"extensionAttribute{number}": TEXT for number in range(1, 16)},
    "sAMAccountName": TEXT,
    "mail": TEXT,
    "userAccountControl": Name(Type.INTEGER),
    "whenCreated": TEXT,
    "proxyAddresses": TEXTS,
}
ENTRY = {
    **{f"extensionAttribute{number}": f"value {number}" for number in range(1, 16)},
    "sAMAccountName": "jdoe",
    "mail": "Jane.Doe@corp.example",
    "userAccountControl": 514,
    "whenCreated": "20240229120000.0Z",
    "proxyAddresses": ("SMTP:Jane.Doe@corp.example", "smtp:jd@corp.example", "x500:/o=corp"),
}
RULES: tuple[tuple[str, Name | Want], ...] = (
    ("entry.sAMAccountName.startsWith('svc-')", Want.CONDITION),
    ("has(entry.mail) && !bitTest(entry.userAccountControl, 0x2)", Want.CONDITION),
    ("lower(entry.sAMAccountName) + '@corp.example'", TEXT),
    ("has(entry.extensionAttribute1) ? left(entry.extensionAttribute1, 3) : noValue()", TEXT),
    ("{'value 1': 'FR', 'value 2': 'DE'}[?entry.extensionAttribute2].orValue('US')", TEXT),
    ("formatTime(time(entry.whenCreated), 'yyyy-MM-dd')", TEXT),
    ("entry.proxyAddresses.exists(p, p.startsWith('SMTP:'))", Want.CONDITION),
    ("entry.proxyAddresses.filter(p, lower(p).startsWith('smtp:')).map(p, p.substring(5))", TEXTS),
    ("entry.mail.matches('^[a-z.]+@')", Want.CONDITION),
)


DOCUMENT = (
    Rule("service", 10, Kind.USER, when="entry.sAMAccountName.startsWith('svc-')", excludes=True),
    Rule("france", 11, Kind.USER, when="entry.?l.orValue('') in ['Paris', 'Lyon']", sets={"usageLocation": "'FR'"}),
    Rule("alias", 12, Kind.USER, sets={"alias": "lower(entry.sAMAccountName)"}),
    Rule("office", 13, Kind.USER, when="has(entry.l)", sets={"department": "entry.?department.orValue(entry.l)"}),
    Rule("short", 14, Kind.USER, sets={"extensionAttribute1": "left(entry.extensionAttribute2, 3)"}),
)
"""Rules that are applied to an entry as a run does it: values are read, the conditions are asked, and the object is
made anew."""


@dataclass(frozen=True)
class Measured:
    """One expression."""

    expression: str
    microseconds: float


def measure(rounds: int, times: int) -> list[Measured]:
    """The best of so many rounds, for each expression."""
    environment = Environment({"entry": ATTRIBUTES, "source": Type.STRING})
    return [Measured(text, _best(environment.compile(text, wants), rounds, times)) for text, wants in RULES]


def _best(expression: Expression, rounds: int, times: int) -> float:
    values: dict[str, Any] = {"entry": ENTRY, "source": "corp"}
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(times):
            expression.evaluate(values)
        best = min(best, time.process_time() - began)
    return best / times * 1e6


def whole(rounds: int, times: int) -> float:
    """Microseconds a rule, when the rules of a document are applied to an entry."""
    rules = OwnRules(DOCUMENT, (), "corp")
    texts = {name.lower(): (str(value).encode(),) for name, value in ENTRY.items() if not isinstance(value, tuple)}
    entry = Entry(bytes(16), Kind.USER, "cn=jane", {**texts, "l": (b"Paris",)})
    made = Decision(DirectoryObject(Kind.USER, "AA==", {"displayName": "Jane Doe", "mail": "Jane.Doe@corp.example"}))
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(times):
            rules.applied(entry, made, {})
        best = min(best, time.process_time() - began)
    return best / times / len(DOCUMENT) * 1e6


def table(found: list[Measured], rule: float) -> str:
    """One line for each expression, and one for a rule."""
    head = "One expression on an entry of 20 attributes, time of the processor\n\n"
    lines = (f"{row.microseconds:>6.1f} µs  {row.expression}\n" for row in found)
    return head + "".join(lines) + f"\n{rule:>6.1f} µs  a rule of a document with {len(DOCUMENT)}, applied to it\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.expressions", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--rounds", type=int, default=5, help="the best of so many counts (5)")
    parser.add_argument("--times", type=int, default=20_000, help="evaluations in a round (20,000)")
    chosen = parser.parse_args()
    found = measure(chosen.rounds, chosen.times)
    rule = whole(chosen.rounds, chosen.times)
    told = {"expressions": [asdict(row) for row in found], "microseconds a rule": rule}
    sys.stdout.write(json.dumps(told, indent=2) + "\n" if chosen.json else table(found, rule))


if __name__ == "__main__":
    main()
