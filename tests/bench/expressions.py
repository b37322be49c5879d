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
from syncramp.model.values import Type

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


def table(found: list[Measured]) -> str:
    """One line for each expression."""
    head = "One expression on an entry of 20 attributes, time of the processor\n\n"
    return head + "".join(f"{row.microseconds:>6.1f} µs  {row.expression}\n" for row in found)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.expressions", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON list instead of a table")
    parser.add_argument("--rounds", type=int, default=5, help="the best of so many counts (5)")
    parser.add_argument("--times", type=int, default=20_000, help="evaluations in a round (20,000)")
    chosen = parser.parse_args()
    found = measure(chosen.rounds, chosen.times)
    sys.stdout.write(json.dumps([asdict(row) for row in found], indent=2) + "\n" if chosen.json else table(found))


if __name__ == "__main__":
    main()
