"""What was seen of a partition goes with it from run to run, also of a read that broke off."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from support.build import user
from support.engine import Engine
from support.model import ListSource
from syncramp.errors import SourceIncomplete, SourceUnavailable
from syncramp.model.facts import Fact, Proof
from syncramp.model.seams import Known


@dataclass
class Counting(ListSource):
    """Its horizon is how often it was read; it breaks off where it is told to."""

    breaks: type[SourceUnavailable | SourceIncomplete] | None = None
    before: list[bytes | None] = field(default_factory=list)

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        self.before.append(known.horizon if known else None)
        seen = b"%d" % len(self.before)
        *facts, proof = super().read(partition, wanted, known)
        yield from facts
        if self.breaks is not None:
            error = self.breaks("it broke off")
            error.horizon = seen
            raise error
        assert isinstance(proof, Proof)
        yield replace(proof, horizon=seen)


@pytest.mark.parametrize("breaks", [SourceUnavailable, SourceIncomplete])
def test_the_horizon_of_a_read_is_known_to_the_next_one_even_if_it_broke_off(engine: Engine, breaks) -> None:
    source = Counting(breaks=breaks)
    source.add(user(1))
    engine.sources[0] = source
    engine.run()
    source.breaks = None
    engine.run()
    engine.run()
    assert source.before == [None, b"1", b"2"]
