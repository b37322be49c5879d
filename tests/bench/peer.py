"""The open peer's way of writing, next to Syncramp's: the same changes of the same people to the same tenant.

The peer is AzureADConnect_Samba4, with AADInternals' client. It makes one call for each object, one after the other,
sends an object whole when anything of it changed, and a group with all its members when one of them did; it uses the
first version of the operation for that, in which members are a list of text. ``bench.peer_run`` does just this. It is
not the peer's code, which would be slower for reasons that have nothing to do with its way; and it is kinder to the
peer than reality:

* It has our codec, which is faster than the peer's, and our connection, which stays open; the peer's client opens one
  for each call.
* It is told what changed, for nothing. The peer reads its directory whole each time and compares it with a copy.
* It writes nothing down: a run that is killed would not know what it sent.
* Its time is that of the calls alone, without the start of a process, a sign-in, a read of the directory, a plan or a
  confirmation. Of Syncramp the export and the whole run are told beside it.
* The service takes no more than 50,000 members in that operation. The simulator is told to take them all.

The first sync of more people than ``WHOLE`` is not waited for: it is that of so many, times what there is more. That
is kinder, too, as no call gets slower then.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bench import tables
from bench.directory import forest_of
from bench.found import Found, Peer, Peers
from bench.machine import machine
from bench.rows import Row, calls_of
from bench.tenant import DOCUMENT, TENANT, environment, tenant

WHOLE = 10_000
"""People of the largest first sync that is sent."""
WHATS = {"first": "first sync", "changed": "1 % changed", "member": "one member added"}


def measure(people: int) -> Peer:
    """Measure one size."""
    first = min(people, WHOLE)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        (row,) = _rows(Path(name), first, "first")
    share = people / first
    counts = {name: round(getattr(row, name) * share) for name in ("objects", "calls", "sent", "received")}
    row = replace(row, wall=row.wall * share, cpu=row.cpu * share, **counts)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        return Peer(people, people > WHOLE, [row, *_rows(Path(name), people, "fill", "changed", "member")])


def _rows(folder: Path, people: int, *whats: str) -> Iterator[Row]:
    with tenant(folder, "--members-v1", "1000000") as made:
        document = folder / "syncconfig.yaml"
        nowhere = {"url": "ldaps://127.0.0.1:1", "base": forest_of(people).base}
        document.write_text(DOCUMENT.format(tenant=TENANT, host=made.host, objects=1, **nowhere), "utf-8")
        _unused_secrets(folder)
        for what in whats:
            command = [sys.executable, "-m", "bench.peer_run", str(document), str(people), what]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment())
            if what != "fill":
                told = json.loads(done.stdout)
                calls = calls_of(made.calls, told.pop("at"))
                sent, received = sum(call.sent for call in calls), sum(call.received for call in calls)
                links = sum(call.links for call in calls)
                yield Row(WHATS[what], links=links, calls=len(calls), sent=sent, received=received, **told)


def _unused_secrets(folder: Path) -> None:
    """Of the directory that nobody reads."""
    for name in ("directory-ca/ca.crt", "reader/username", "reader/password"):
        path = folder / "secrets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("unused", "utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write JSON."""
    parser = argparse.ArgumentParser(prog="bench.peer", description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[10_000], help="people (10,000)")
    parser.add_argument("--out", type=Path, default=Path(".bench"), help="folder for what is found (.bench)")
    chosen = parser.parse_args(arguments)
    found = Peers(machine(), [])
    for people in sorted(chosen.people):
        found = replace(found, measured=[*found.measured, measure(people)])
        chosen.out.mkdir(parents=True, exist_ok=True)
        found.write(chosen.out / "peer.json")
    cycle = chosen.out / "cycle-file.json"
    sys.stdout.write(f"{tables.peers(found, Found.read(cycle) if cycle.exists() else None)}\n")


if __name__ == "__main__":
    main()
