"""A coverage-guided fuzzer: a message that makes the codec take a new turn is kept and changed further.

Atheris would be faster, but has no release for Python 3.14. The oracle is that of the property tests: a value or
WireError by every way, the same by the fast ways as by the general one, and no more steps than a message of its
length may take.
"""

from dataclasses import dataclass
from random import Random

from fuzz.corpus import messages
from fuzz.mutations import mutated
from support.agreement import agree, read_every_way
from support.steps import Steps

STEPS_A_BYTE, STEPS_AT_ALL = 100, 5_000
"""More lines of the codec than this for one message, read in some twenty ways, is not linear any more."""


class Failure(AssertionError):
    """The oracle is not satisfied."""

    def __init__(self, message: bytes, reason: str) -> None:
        super().__init__(f"{reason}: {message.hex()}")


@dataclass
class Fuzzer:
    """A run; the same seed makes the same messages on the same Python."""

    seed: int

    def __post_init__(self) -> None:
        self._choices = Random(self.seed)
        self._steps = Steps()
        self.edges: set[tuple[int, int, int]] = set()
        self.corpus: list[bytes] = []
        self._streamed: list[bytes] = []  # what two ways read: there is the most to compare
        self.tried = self.taken = 0
        for message in messages():
            self._try(message, keep=True)

    def step(self) -> None:
        """One message.

        :raises Failure: the oracle is not satisfied.
        """
        among = self._choices.choice((self.corpus, self.corpus[-40:], self._streamed, self._streamed))
        self._try(mutated(self._choices.choice(among), self.corpus, self._choices))

    def _try(self, message: bytes, *, keep: bool = False) -> None:
        try:
            self.taken += bool(self._steps.run(lambda: read_every_way(message)))
            steps, edges = self._steps.count, self._steps.edges
            streamed = agree(message)
        except Exception as error:
            raise Failure(message, f"{type(error).__name__}: {error}") from error
        if steps > STEPS_A_BYTE * len(message) + STEPS_AT_ALL:
            raise Failure(message, f"{steps} steps")
        self.tried += 1
        if keep or not edges <= self.edges:
            self.edges |= edges
            self.corpus.append(message)
            if streamed:
                self._streamed.append(message)
