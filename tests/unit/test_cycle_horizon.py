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
from syncramp.report.parts import source_lines


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


def test_a_part_inside_a_scope_that_stands_elsewhere_is_told(engine: Engine) -> None:
    elsewhere = "ldap://sub.corp.example.com/DC=sub,DC=corp,DC=example,DC=com"

    class Referred(Counting):
        def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
            *facts, proof = super().read(partition, wanted, known)
            assert isinstance(proof, Proof)
            yield from [*facts, replace(proof, references=(elsewhere,))]

    source = Referred()
    source.add(user(1))
    engine.sources[0] = source
    report, _ = engine.run()
    assert list(source_lines(report.sources))[1:] == [
        f"Source corp: a part of a scope stands elsewhere and is not read: {elsewhere}"
    ]
