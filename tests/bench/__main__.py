"""``python -m bench``: how fast the codec is, next to lxml in the same run. ``--json`` for machines."""

import argparse
import json
import sys
from dataclasses import asdict

from bench.codec import measure
from bench.table import table


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--users", type=int, default=5_000, help="users in the message (5,000)")
    parser.add_argument("--references", type=int, default=250_000, help="references of its group (250,000)")
    parser.add_argument("--rounds", type=int, default=5, help="the best of so many counts (5)")
    chosen = parser.parse_args()
    found = measure(chosen.users, chosen.references, chosen.rounds)
    sys.stdout.write(json.dumps(asdict(found), indent=2) + "\n" if chosen.json else table(found))


main()
