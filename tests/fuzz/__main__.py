"""``python -m fuzz``: random messages for the codec until the time is over or the oracle is not satisfied."""

import argparse
import sys
import time

from fuzz.fuzzer import Failure, Fuzzer


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    chosen = parser.parse_args()
    end = time.monotonic() + chosen.seconds
    fuzzer = Fuzzer(chosen.seed)
    try:
        while time.monotonic() < end:
            fuzzer.step()
    except Failure as failure:
        sys.stderr.write(f"seed {chosen.seed}, message {fuzzer.tried}: {failure}\n")
        return 1
    sys.stdout.write(
        f"seed {chosen.seed}: {fuzzer.tried:,} messages, {fuzzer.taken:,} of them readable in some way, "
        f"{len(fuzzer.corpus):,} kept, {len(fuzzer.edges):,} turns of the codec seen\n"
    )
    return 0


sys.exit(main())
