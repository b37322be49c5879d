"""``python -m bench.written``: members written to a group, by a real domain controller and by a double.

The double answers at once, so that the processor's time of the thread that writes is what a member costs here. The
controller's answers are what one waits for.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from support.looked import anchor
from support.samba import PASSWORD, samba
from support.targeted import OU, account, cloud_domain, group, members, shown, targeted, write, writing
from syncramp.directory.target import LdapTarget
from syncramp.model.wire import Result
from syncramp.source.ldap import LdapSource
from syncramp.source.ldap.messages import Found


@dataclass(frozen=True)
class Written:
    """One group that was filled."""

    server: str
    members: int
    seconds: float
    processor: float
    """Seconds of the processor's, of the thread that writes."""
    median: float
    """Seconds of a request."""


def in_a_double(count: int, values: int) -> Written:
    """A group of so many people, so many of them in a request."""
    replica = cloud_domain()
    people = [replica.user(f"p{number}") for number in range(count)]
    with TemporaryDirectory() as folder, writing(replica).running(Path(folder)) as server:
        with targeted(account([server]), OU) as target:
            return _filled("the double", target, people, values)


def in_samba(count: int, values: int) -> Written:
    """The same in a domain that is made for it."""
    with samba() as domain:
        unit, people = (domain.as_administrator.add_unit(name) for name in ("Cloud", "People"))
        domain.add([{"dn": f"CN=p{number},{people}", "objectClass": "contact"} for number in range(count)])
        source = LdapSource("corp", [domain.ldaps], domain.add_writer(unit), PASSWORD, domain.ca, [domain.base])
        session = source.connect_to(domain.ldaps)
        found = session.pages(people, "(objectClass=contact)", ["objectGUID"])
        guids = [one.values["objectGUID"][0] for one in found if isinstance(one, Found)]
        session.close()
        with targeted(source, unit) as target:
            return _filled("Samba", target, guids, values)


def _filled(server: str, target: LdapTarget, guids: Sequence[bytes], values: int) -> Written:
    write(target, group(1))
    target.measured()
    seconds, processor = time.perf_counter(), time.thread_time()
    for start in range(0, len(guids), values):
        outcome = write(target, members(1, adds=guids[start : start + values]))
        if outcome.result is not Result.APPLIED or outcome.rejected:
            raise RuntimeError(f"{server}: {outcome}")
    seconds, processor = time.perf_counter() - seconds, time.thread_time() - processor
    there = shown(target)[anchor(1)].members or ()
    if sorted(there) != sorted(guids):
        raise RuntimeError(f"{server}: {len(there):,} members of {len(guids):,}")
    times = sorted(one.seconds for one in target.measured())
    return Written(server, len(guids), seconds, processor, times[len(times) // 2])


def line(found: Written) -> str:
    return (
        f"{found.server}: {found.members:,} members in {found.seconds:.1f} s, {found.processor:.2f} s of them the "
        f"processor's here; a request {1000 * found.median:.0f} ms (median)\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.written", description=__doc__)
    parser.add_argument("--members", type=int, default=250_000, help="in the double (250,000)")
    parser.add_argument("--samba", type=int, default=10_000, help="in Samba (10,000)")
    parser.add_argument("--values", type=int, default=500, help="members in a request (500)")
    chosen = parser.parse_args()
    sys.stdout.write(line(in_a_double(chosen.members, chosen.values)))
    sys.stdout.write(line(in_samba(chosen.samba, chosen.values)))


if __name__ == "__main__":
    main()
