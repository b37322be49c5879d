"""The fuzzer runs, and would find what it is there for."""

import pytest

from fuzz.corpus import messages
from fuzz.fuzzer import Failure, Fuzzer
from support.agreement import agree, read_every_way
from syncramp.endpoint.contract import streamed, tenant
from syncramp.endpoint.nbfx import reader, runs


def test_messages_that_were_made_from_others_are_read_or_refused_by_every_way_alike() -> None:
    fuzzer = Fuzzer(seed=3)
    first = len(fuzzer.corpus)
    for _ in range(300):
        fuzzer.step()
    assert len(fuzzer.corpus) > first + 10
    assert fuzzer.taken > first


def test_the_messages_it_begins_with_are_taken_in_some_way() -> None:
    assert [message.hex() for message in messages() if not read_every_way(message)] == []
    assert sum(map(agree, messages())) >= 10


def break_decoder(patch: pytest.MonkeyPatch) -> None:
    """Another exception than the one that is promised."""
    patch.setattr(reader, "NbfxError", KeyError)


def break_runs(patch: pytest.MonkeyPatch) -> None:
    """What stands between the texts of a run is not looked at."""

    def pieces(block: bytes, start: bytes, tail: bytes, between: str, length: int, count: int) -> list[str]:
        if not tail or not block.startswith(start) or not block.endswith(tail):
            return []
        begins = range(len(start), len(block), len(block) // count)
        return [block[begin : begin + length].decode("latin-1") for begin in begins]

    patch.setattr(runs, "_pieces", pieces)


def break_ends(patch: pytest.MonkeyPatch) -> None:
    """What stands behind the objects does not matter."""
    patch.setattr(streamed._Message, "_finish", lambda self, at: None)


def break_growth(patch: pytest.MonkeyPatch) -> None:
    """Far more work than the message is long."""

    class Slow(tenant._Leaves):
        def __init__(self, result: object) -> None:
            super().__init__(result)  # type: ignore[arg-type]
            for _ in range(60_000):
                self.text("TenantId")

    patch.setattr(tenant, "_Leaves", Slow)


@pytest.mark.parametrize("broken", [break_decoder, break_runs, break_ends, break_growth])
def test_it_finds_what_is_broken(broken) -> None:
    with pytest.MonkeyPatch.context() as patch:
        broken(patch)
        with pytest.raises(Failure):
            fuzzer = Fuzzer(seed=3)
            for _ in range(2_000):
                fuzzer.step()
