"""A random walk over everything that can go wrong between a directory and the cloud.

People join, leave, move between groups and out of scope and back, get managers, are disabled, become contacts, and
are migrated to another account with the same source anchor, while everything goes wrong that can (``support.trial``).
After every step:

* sure <= what the cloud holds <= possible, for every group;
* what the store says was acknowledged is in the cloud exactly so;
* the numbers of the run agree, and none of them is negative.

And at rest, when nothing goes wrong any more, the cloud holds what the directory says and nothing else; also when
somebody else deleted objects there, of which nobody can know before a read-back or an answer tells it.
"""

import pytest

from support.build import user_dn
from support.engine import Engine
from support.staff import Staff
from support.trial import Trial, check_bounds
from syncramp.model.values import Kind


def check_rest(engine: Engine, staff: Staff) -> None:
    cloud = engine.cloud
    anchors = {number: engine.anchor(staff.entry(number)) for number in staff.people if staff.in_scope(number)}
    by_dn = {user_dn(number): anchor for number, anchor in anchors.items()}
    groups = {engine.anchor(entry): entry for entry in engine.source.entries.values() if entry.kind is Kind.GROUP}
    assert set(cloud.objects) == {*anchors.values(), *groups}
    for anchor, entry in groups.items():
        members = {by_dn[name] for name in engine.source.members.get(entry.guid, []) if name in by_dn}
        assert cloud.links.get(anchor, set()) == members
    for number, anchor in anchors.items():
        held, person = cloud.objects[anchor], staff.people[number]
        assert held.kind == staff.entry(number).kind
        assert held.values.get("title") == person.get("title")
        assert held.values.get("manager") == anchors.get(person.get("manager"))
        if held.kind == "User":
            assert held.values["accountEnabled"] is (person.get("userAccountControl") != "514")


@pytest.mark.parametrize("seed", range(200))
def test_no_fault_at_any_point_leaves_the_cloud_beyond_its_bounds_or_wrong_at_rest(
    tmp_path, monkeypatch, seed
) -> None:
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)
    trial = Trial(tmp_path, seed)
    for _ in range(8):
        trial.step()
    trial.rest()
    engine = trial.engine
    check_bounds(engine)
    check_rest(engine, trial.staff)
    calls = len(engine.cloud.calls)
    report, _ = engine.run()
    assert report.settled
    assert len(engine.cloud.calls) == calls, "a run without changes sends nothing"
