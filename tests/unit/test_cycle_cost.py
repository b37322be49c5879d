"""What a plan says of its cost is what its export then costs; and what it calls members is what they are called."""

import json
from dataclasses import replace

from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.model import Held
from syncramp.plan.changes import changes
from syncramp.report.changes import listing
from syncramp.report.json import plan_document
from syncramp.report.plan_text import member_line


def _filled(tmp_path) -> Engine:
    engine = Engine(tmp_path / "state.db")
    engine.pace = replace(engine.pace, objects_per_call=4)
    engine.source.add(*(user(number) for number in range(1, 15)), *(group(100 + number) for number in range(5)))
    for number in range(5):
        engine.source.members[guid(100 + number)] = [user_dn(one) for one in range(1, 4 + 2 * number)]
    return engine


def test_the_writes_and_calls_of_a_plan_are_those_of_its_export(tmp_path) -> None:
    engine = _filled(tmp_path)
    report, plan = engine.run()
    assert plan.budget is not None and report.calls > 5
    assert (plan.budget.writes, plan.budget.links) == (report.writes, report.links.expected)
    assert plan.budget.calls == report.calls
    engine.source.add(*(user(number, title="Clerk") for number in (1, 2, 3, 4, 5)))
    engine.source.members[guid(104)] = engine.source.members[guid(104)][3:]
    report, plan = engine.run()
    assert plan.budget is not None
    assert (plan.budget.writes, plan.budget.calls) == (report.writes, report.calls) == (6, 3)


def test_members_are_told_by_their_names(tmp_path) -> None:
    engine = _filled(tmp_path)
    engine.settle()
    engine.source.members[guid(101)] = [user_dn(1), user_dn(9)]
    engine.leave(2)
    report, plan = engine.run(sends=False)
    with engine.store() as store:
        snapshot = store.snapshot()
        lines = list(listing(changes(snapshot, plan.around), snapshot.names, plan))
        pieces = plan_document(plan, report, changes(snapshot, plan.around), snapshot.names)
        document = json.loads("".join(pieces))
    begin = next(place for place, line in enumerate(lines) if line.startswith("Members Group CN=Group 101,"))
    told = set(lines[begin + 1 : begin + 6])
    assert told >= {f"  + {user_dn(9)}", f"  − {user_dn(3)}", f"  held − {user_dn(2)} (waits with its own delete)"}
    (moved,) = (one for one in document["changes"] if one["dn"].startswith("CN=Group 101,"))
    assert [moved["names"][anchor] for anchor in moved["adds"]] == [user_dn(9)]
    assert {moved["names"][anchor] for anchor in moved["removes"]} == {user_dn(3), user_dn(4), user_dn(5)}
    assert [moved["names"][anchor] for anchor in moved["derived_held"]] == [user_dn(2)]
    assert moved["derived"] == []
    report, plan = engine.run(sends=False)  # the second import that does not see the member: now the delete goes
    with engine.store() as store:
        snapshot = store.snapshot()
        pieces = plan_document(plan, report, changes(snapshot, plan.around), snapshot.names)
        document = json.loads("".join(pieces))
    (moved,) = (one for one in document["changes"] if one["dn"].startswith("CN=Group 101,"))
    assert [moved["names"][anchor] for anchor in moved["derived"]] == [user_dn(2)]
    assert moved["derived_held"] == []


def test_links_of_those_whose_create_is_held_cost_nothing_and_wait_with_it(tmp_path) -> None:
    engine = _filled(tmp_path)
    engine.source.complete = False
    report, plan = engine.run()
    assert plan.budget is not None and plan.holds == {"SourceNeverRead": 19}
    assert (plan.links, plan.absent, plan.digests, plan.budget.writes, plan.budget.links) == (0, 35, {}, 0, 0)
    assert (report.links.expected, report.links.left, report.calls) == (0, 0, 0)
    assert list(member_line(plan)) == [f"{'':11}35 memberships wait for a create that is held"]
    engine.source.complete = True
    report, plan = engine.run()
    assert (plan.absent, report.links.acknowledged, report.links.left) == (0, 35, 0)


def test_only_the_link_waits_whose_own_member_is_not_created(tmp_path) -> None:
    engine = _filled(tmp_path)
    engine.settle()
    anchor, cloud = engine.anchor(user(20)), engine.cloud
    cloud.objects[anchor] = Held("User", {})
    cloud._clock += 1
    cloud._log[anchor] = cloud._clock
    engine.source.add(user(20), user(21))
    engine.source.members[guid(100)] += [user_dn(20), user_dn(21)]
    _, plan = engine.run()
    assert plan.holds == {"NotOurs": 1} and (plan.link_adds, plan.absent) == (1, 1)
