"""``python -m bench.looking``: what a look at written-back groups costs, the first and one at which nothing changed.

The double of Active Directory answers from the same process, so that the processor's time of the thread that looks is
what a group costs here.
"""

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from support.ad_double_server import PASSWORD, READER, Controller
from support.ad_double_tree import Replica
from support.looked import Seen, mark
from syncramp.source.ldap import LdapSource

MEMBERS = 20
"""Of each group."""


def directory(groups: int) -> Replica:
    """So many groups in one unit."""
    replica = Replica()
    unit, people = replica.unit("Written"), [replica.user(f"p{number}") for number in range(MEMBERS)]
    for number in range(groups):
        values = {"adminDescription": mark(number), "displayName": f"Group {number}", "description": "One of ours"}
        given = {name: [value.encode()] for name, value in values.items()}
        replica.group(f"Group {number}", unit, member=people, **given)
    return replica


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.looking", description=__doc__)
    parser.add_argument("--groups", type=int, default=5_000, help="written-back groups (5,000)")
    chosen = parser.parse_args()
    with TemporaryDirectory() as folder, Controller(directory(chosen.groups)).running(Path(folder)) as server:
        source = LdapSource("corp", [server.url], READER, PASSWORD, server.ca, ["DC=test"])
        seen = Seen(source, "DC=test", "OU=Written,DC=test")
        for what in ("first look", "nothing changed"):
            server.asked.clear()
            seconds, processor = time.perf_counter(), time.thread_time()
            seen.look()
            seconds, processor = time.perf_counter() - seconds, time.thread_time() - processor
            if len(seen.groups) != chosen.groups:
                raise RuntimeError(f"{len(seen.groups):,} groups were seen")
            sys.stdout.write(
                f"{what}: {chosen.groups:,} groups in {seconds:.1f} s, {processor:.2f} s of them the processor's"
                f" here; {len(server.asked):,} searches\n"
            )


if __name__ == "__main__":
    main()
