"""A store that is fed with deltas of Active Directory has what one has that was fed with a full read."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.ad_double_server import PASSWORD, READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account
from support.ad_double_walk import FORGOTTEN, STEPS, Walk
from syncramp.model.facts import Proof
from syncramp.source import dn
from syncramp.source.ldap import LdapSource
from syncramp.store.known import KnownPartition
from syncramp.store.packing import unpack, unpack_bitmap
from syncramp.store.partitions import PartitionStage
from syncramp.store.store import Store

WANTED = frozenset({"cn", "mail", "manager", "member"})
UNTOLD = ("manager", "restore")
"""Not both in one walk: no delta tells that a reference to a restored entry works again, or does not."""
ACCOUNTS = {"DirSync": Account(), "USN": Account(replicates=False)}


class Known:
    """What a run asks the store while a partition is read, once what was told before is in it."""

    def __init__(self, known: KnownPartition, stage: PartitionStage) -> None:
        self.watermark, self.horizon, self.sentinels = known.watermark, known.horizon, known.sentinels
        self._known, self._stage = known, stage

    def returned(self) -> Sequence[bytes]:
        self._stage.flush()
        return self._known.returned()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    with Controller(Replica()).running(tmp_path_factory.mktemp("controller")) as running:
        yield running


def _import(server: Controller, store: Store, tracking: str) -> Proof:
    staging = store.staging
    source, domain = staging.source_id("corp"), "DC=test"
    known, stage = staging.known(source, domain), staging.begin(source, domain)
    reader = LdapSource("corp", [server.url], READER, PASSWORD, server.ca, [domain], tracking=tracking)
    for fact in reader.read(domain, WANTED, Known(known, stage)):
        if isinstance(fact, Proof):
            assert fact.complete, fact.reason
            staging.prove(stage, fact)
            staging.inherit([source])
            staging.resolve()
            return fact
        stage.add(fact)
    raise AssertionError("a read ended without a proof")


def _held(store: Store) -> dict[bytes, Any]:
    """People and groups by GUID; references to what is not there do not count."""
    rows = store.database.all("SELECT id, guid, kind, dn, attrs FROM entries WHERE absent = 0")
    guids = {row[0]: row[1] for row in rows}
    names = {row[3].encode() for row in rows}
    links = dict(store.database.all("SELECT id, members FROM links"))
    held: dict[bytes, Any] = {}
    for number, guid, kind, name, packed in rows:
        attributes = unpack(packed)
        if not names & set(attributes.get("manager", ())):
            attributes.pop("manager", None)
        members = {guids[one] for one in unpack_bitmap(links.get(number)) if one in guids}
        held[guid] = (kind, name, attributes, members)
    return held


@pytest.mark.parametrize("method", ACCOUNTS)
@given(st.data(), st.booleans())
@settings(max_examples=4, deadline=None)
def test_deltas_leave_what_a_full_import_leaves(
    server: Controller,
    tmp_path_factory: pytest.TempPathFactory,
    method: str,
    data: st.DataObject,
    recycle_bin: bool,
) -> None:
    replica = server.replica = Replica(recycle_bin=recycle_bin)
    server.accounts[READER] = ACCOUNTS[method]
    first = replica.user("first")
    replica.delete(replica.unit(FORGOTTEN))
    walk = Walk(replica, lambda guids: data.draw(st.sampled_from(guids)), first)
    untold = data.draw(st.sampled_from(UNTOLD))
    steps = [step for step in STEPS if step != untold]
    folder: Path = tmp_path_factory.mktemp("stores")
    with closing(Store(folder / "state.db", dn.key)) as store:
        assert not _import(server, store, method).delta
        for _ in range(3):
            for step in data.draw(st.lists(st.sampled_from(steps), min_size=3, max_size=12)):
                walk.step(step)
            assert _import(server, store, method).delta
            with closing(Store(folder / "fresh.db", dn.key)) as fresh:
                _import(server, fresh, "Full")
                assert _held(store) == _held(fresh)
            (folder / "fresh.db").unlink()
