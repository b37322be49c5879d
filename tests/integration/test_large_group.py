"""A group of 250,000 members from nothing, and then one more, as the simulator counts what came over the wire.

Its members are in the tenant already and the store knows it: both are written directly, because making them is not
what is asked here. Plan, export, client, wire and service are the real ones. No ramp keeps anybody back.
"""

from dataclasses import replace
from pathlib import Path

from pyroaring import BitMap

from support.build import group, guid
from support.engine import Engine
from support.model import ListSource
from support.online import online
from syncramp.endpoint import contract
from syncramp.simulator.journal import Entry
from syncramp.simulator.server import Simulator
from syncramp.simulator.storage import Held
from syncramp.spec.ramps import Admit, built_in
from syncramp.store.packing import pack, pack_bitmap

MEMBERS = range(10, 250_010)
"""Ids of the people, in the store and in the tenant."""
GROUP = 1_000_001


def _anchor(number: int) -> str:
    return f"{number:022}=="


def _write_people(engine: Engine, simulator: Simulator) -> None:
    """As if an earlier run had made and confirmed them; the read-back shows only what changed since."""
    storage, last = simulator.tenant._storage, simulator.tenant._last
    made = (Held(n, "User", _anchor(n), f"User_{n}", {"DisplayName": f"User {n}"}, 0.0) for n in MEMBERS)
    with storage.transaction():
        storage.save(made, last)
    desired, digest, nothing = pack({"displayName": "User"}), b"the same", pack({})
    with engine.store() as store, store.database.transaction():
        store.database.run_many(
            "INSERT INTO entries VALUES (?, 1, 1, ?, 'User', ?, ?, ?, ?, 0)",
            ((n, guid(n), f"CN=User {n}", n, b"", nothing) for n in MEMBERS),
        )
        store.database.run_many(
            "INSERT INTO objects"
            " (id, source, anchor, kind, digest, acked, doubt, cause, hold, unread, acked_at, confirmed)"
            " VALUES (?, 1, ?, 'User', ?, ?, 0, '', '', 0, 0.0, 1)",
            ((n, _anchor(n), digest, digest) for n in MEMBERS),
        )
        store.database.run_many("INSERT INTO payload (id, desired) VALUES (?, ?)", ((n, desired) for n in MEMBERS))
        store.database.run("UPDATE meta SET value = ? WHERE key = 'next_id'", (str(MEMBERS[-1] + 1),))


def _name_members(engine: Engine, members: BitMap) -> None:
    """As if the directory had been read, and the group named them."""
    with engine.store() as store:
        ((identity,),) = store.database.all("SELECT id FROM objects WHERE kind = 'Group'")
        empty = pack_bitmap(BitMap())
        store.database.run(
            "INSERT INTO links (id, attribute, members, unresolved, lost) VALUES (?, 'member', ?, '', ?)"
            " ON CONFLICT (id, attribute) DO UPDATE SET members = excluded.members",
            (identity, pack_bitmap(members), empty),
        )


def _exports(simulator: Simulator, seen: int) -> list[Entry]:
    """Export calls since then, the first one first."""
    calls = [entry for entry in simulator.tenant.journal.latest(1000) if entry.operation == contract.PROVISION]
    return calls[::-1][seen:]


def test_a_group_of_250_000_members_is_17_calls_and_one_more_member_is_one_call_with_one_link(tmp_path: Path) -> None:
    source = ListSource()
    source.add(group(GROUP))
    with online(tmp_path, source, page_size=500) as (engine, simulator):
        ramp = replace(built_in(engine.config.interval), name="large", admit=Admit.NOW, built_in=False)
        engine.config = replace(engine.config, ramps=(ramp,))
        assert engine.run()[0].settled
        _write_people(engine, simulator)
        source.entries.clear()  # nothing is read any more: what was, stands
        seen = len(_exports(simulator, 0))

        _name_members(engine, BitMap(MEMBERS[:-1]))
        report, _ = engine.run()
        calls = _exports(simulator, seen)
        assert report.links.acknowledged == sum(call.links for call in calls) == 249_999
        assert len(calls) == 17
        assert [call.links for call in calls] == [15_000] * 16 + [9_999]
        assert all((call.objects, call.refused, call.result) == (1, 0, "ok") for call in calls)

        _name_members(engine, BitMap(MEMBERS))
        report, _ = engine.run()
        (call,) = _exports(simulator, seen + 17)
        assert (call.objects, call.links, report.links.acknowledged) == (1, 1, 1)
        (anchor,) = simulator.tenant.anchors("Group")
        assert len(simulator.tenant.members(anchor)) == 250_000
        assert report.unconfirmed_links == 0
