"""``python -m fuzz``: random messages for the codec and for the decoder of LDAP, in turns, until the time is over or
an oracle is not satisfied.
"""

import argparse
import sys
import time

from fuzz.answers import Answers
from fuzz.fuzzer import Failure, Fuzzer


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    chosen = parser.parse_args()
    end = time.monotonic() + chosen.seconds
    fuzzer, answers = Fuzzer(chosen.seed), Answers(chosen.seed)
    try:
        while time.monotonic() < end:
            fuzzer.step()
            answers.step()
    except Failure as failure:
        sys.stderr.write(f"seed {chosen.seed}, messages {fuzzer.tried} and {answers.tried}: {failure}\n")
        return 1
    sys.stdout.write(
        f"seed {chosen.seed}: {fuzzer.tried:,} messages, {fuzzer.taken:,} of them readable in some way, "
        f"{len(fuzzer.corpus):,} kept, {len(fuzzer.edges):,} turns of the codec seen; "
        f"{answers.tried:,} streams of LDAP with {answers.taken:,} messages that could be read\n"
    )
    return 0


sys.exit(main())
