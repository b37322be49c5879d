"""A program that writes to a tenant as long as it may: ``python -m support.lease_writer STORE JOURNAL``.

Each call is a line in the journal with the store, the token and the moment at which it left, by a clock that all
processes of a machine share. It waits for the Lease, and ends when it has lost it. The terms are the real ones in
less time; a call travels for :data:`TRAVEL` seconds.
"""

import sys
import time
from contextlib import closing
from pathlib import Path

from support.build import config
from syncramp.errors import FenceLost, TenantHeld
from syncramp.source import dn
from syncramp.store.store import Store
from syncramp_operator.api.cluster import connected
from syncramp_operator.leases.fencing import tenant_lease
from syncramp_operator.leases.leasing import Terms
from syncramp_operator.leases.place import ANSWER

HOME = "home"
TRAVEL = 0.5
TERMS = Terms(duration=2.5, valid=1.0, every=0.2, retry=0.1)


def main(state: str, journal: str) -> None:
    """Wait for the Lease, then write until it is lost."""
    take = tenant_lease(connected(ANSWER), HOME, TERMS)
    with closing(Store(Path(state), dn.key)) as store, Path(journal).open("a", 1, "utf-8") as written:
        while True:
            try:
                with take(config(), store, TRAVEL) as lease:
                    while True:
                        lease.check()
                        written.write(f"{Path(state).stem} {lease.token} {time.monotonic()}\n")
                        time.sleep(0.02)
            except TenantHeld:
                time.sleep(0.05)
            except FenceLost as error:
                print(f"lost: {error}", flush=True)
                return


if __name__ == "__main__":
    main(*sys.argv[1:])
