"""What somebody else does in the cloud: it is found, told and counted, and what follows from it has its cause."""

from dataclasses import replace

import pytest
from pyroaring import BitMap

from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.explained import attribute, explained, lines
from support.model import Held, ModelCloud
from syncramp.model.circumstances import RESTORED_WITHIN, Circumstances
from syncramp.model.plan import MembershipChange, Plan
from syncramp.model.report import RunReport
from syncramp.model.state import Membership, Origin
from syncramp.model.wire import LinkOperation, Operation, ReferenceChange, SyncObject
from syncramp.plan.causes import link_origins
from syncramp.plan.normalisations import INITIAL_DOMAIN
from syncramp.report.causes import causes_document
from syncramp.report.text import plan_lines, report_from, run_lines

INITIAL = "contoso.onmicrosoft.com"


@pytest.fixture
def engine(tmp_path) -> Engine:
    """Three people in a group of two, all of them confirmed."""
    made = Engine(tmp_path / "state.db")
    made.source.add(user(1, title="Clerk"), user(2), user(3), group(101))
    made.source.members[guid(101)] = [user_dn(1), user_dn(2)]
    made.settle()
    assert made.run()[0].drift == {}
    made.cloud.calls.clear()
    return made


def in_cloud(engine: Engine, anchor: str, **values: object) -> None:
    """Somebody changes attributes in the cloud."""
    engine.cloud.provision([SyncObject("User", Operation.SET, {"SourceAnchor": anchor, **values})])
    engine.cloud.calls.clear()


def member(engine: Engine, number: int, operation: LinkOperation) -> None:
    change = ReferenceChange(engine.anchor(user(number)), operation)
    values = {"SourceAnchor": engine.anchor(group(101)), "member": (change,)}
    engine.cloud.provision([SyncObject("Group", Operation.SET, values)])


def planned(engine: Engine) -> tuple[RunReport, Plan, list[str]]:
    report, plan = engine.run(sends=False)
    return report, plan, list(plan_lines(plan, report))


def test_whom_a_read_back_of_everything_does_not_show_any_more_is_told_and_nothing_is_concluded(
    engine: Engine,
) -> None:
    engine.cloud.objects.pop(engine.anchor(user(1)))
    engine.cloud._log.pop(engine.anchor(user(1)))  # so long ago that the service remembers no delete
    engine.cloud.forgets_cookies = True
    report, plan, told = planned(engine)
    assert plan.empty and report.drift == {"NotShown": 1}
    words = "not shown any more by a read-back of everything; syncramp adopt --dry-run looks at all"
    assert f"Drift: 1 object {words}" in told and f"    User {user_dn(1)}" in told
    assert (report.confirmed, report.unconfirmed) == (3, 1)
    engine.cloud.forgets_cookies = False
    assert (planned(engine)[0].confirmed, planned(engine)[0].drift) == (3, {})


def test_an_object_that_is_gone_comes_again_because_of_the_cloud_with_its_links(engine: Engine) -> None:
    engine.cloud.vanish(engine.anchor(user(1)))
    report, plan, told = planned(engine)
    assert report.drift == {"Gone": 1} and report.drift_samples["Gone"][0].dn == user_dn(1)
    assert plan.origins == {"Cloud": 1} and plan.link_origins == {"Cloud": 1}
    assert "Drift: 1 object deleted in the cloud" in told and f"    User {user_dn(1)}" in told
    assert "  1 of these changes follows from what somebody changed in the cloud" in told
    assert "  1 of these members follows from what somebody changed in the cloud" in told
    assert engine.settle().settled
    assert planned(engine)[1].empty


def test_what_is_told_of_the_cloud_is_what_the_cloud_did_and_not_what_we_sent(engine: Engine) -> None:
    engine.source.add(user(1, title="Boss"), user(4))
    engine.source.members[guid(101)] = [user_dn(2), user_dn(4)]
    engine.leave(3)
    for _ in range(4):
        report, _ = engine.run()
        assert report.drift == {} == report.differences
    assert report.settled


def test_members_that_somebody_put_in_or_took_out_are_told_and_mended(engine: Engine) -> None:
    member(engine, 2, LinkOperation.REMOVE)
    member(engine, 3, LinkOperation.ADD)
    report, plan, told = planned(engine)
    assert report.drift == {"LinksLost": 1, "LinksAdded": 1}
    assert plan.link_origins == {"Cloud": 2} and (plan.link_adds, plan.link_removes) == (1, 1)
    assert "Drift: 1 member taken out of groups in the cloud" in told
    engine.settle()
    engine.source.members[guid(101)] = [user_dn(1), user_dn(3)]
    _, plan, _ = planned(engine)
    assert plan.link_origins == {"Source": 2}, "what was sent since has no part in it"


def test_a_member_that_the_cloud_lost_and_the_directory_gives_up_too_needs_nothing(engine: Engine) -> None:
    member(engine, 2, LinkOperation.REMOVE)
    engine.source.members[guid(101)] = [user_dn(1)]
    assert planned(engine)[1].link_adds == 0


def test_an_object_that_is_another_one_is_told_and_sent_whole_because_of_the_cloud(engine: Engine) -> None:
    one = engine.anchor(user(1))
    engine.cloud.objects[one].cloud_anchor = "User_other"
    in_cloud(engine, one, title="Clerk")
    report, plan, _ = planned(engine)
    assert report.drift == {"Anew": 1}
    assert plan.origins == {"Cloud": 1} and plan.link_origins == {"Cloud": 1}
    engine.settle()
    assert engine.run()[0].drift == {}


def test_an_object_of_ours_under_another_source_anchor_is_told(engine: Engine) -> None:
    one = engine.anchor(user(1))
    known = engine.cloud.objects[one]
    engine.cloud.objects["b3RoZXI="] = Held("User", {"DisplayName": "User 1"}, known.cloud_anchor)
    engine.cloud._clock += 1
    engine.cloud._log["b3RoZXI="] = engine.cloud._clock
    report, _ = engine.run()
    assert report.drift == {"AnchorChanged": 1}
    (sample,) = report.drift_samples["AnchorChanged"]
    assert sample.dn == user_dn(1) and "b3RoZXI=" in sample.detail


def test_an_object_whose_authority_was_moved_is_told_once(engine: Engine) -> None:
    in_cloud(engine, engine.anchor(user(1)), isCloudManaged=True)
    assert engine.run()[0].drift == {"CloudManaged": 1}
    assert engine.run()[0].drift == {}


def test_an_attribute_that_differs_is_told_in_every_run_and_never_sent_for_ever(engine: Engine) -> None:
    in_cloud(engine, engine.anchor(user(1)), title="Impostor")
    for _ in range(3):
        report, plan = engine.run()
        assert report.differences == {"title": 1} and report.normalised == {}
        assert plan.empty and report.settled and engine.sent == []
        assert report.drift_samples["Different"][0].detail == "title is Impostor"
    assert "Shown otherwise than sent, and not sent again: title 1" in list(run_lines(report))
    engine.source.add(user(1, title="Boss"))
    engine.settle()
    assert engine.run()[0].differences == {}


def test_what_the_service_is_known_to_do_is_told_apart(engine: Engine) -> None:
    engine.config = replace(
        engine.config, target=replace(engine.config.target, verified_domains=frozenset({"corp.example.com"}))
    )
    engine.settle()
    upn = f"user10042@{INITIAL}"
    in_cloud(engine, engine.anchor(user(1)), userPrincipalName=upn.replace("user10042", "user11234"))
    report, plan, told = planned(engine)
    assert report.normalised == {"userPrincipalName": 1} and report.differences == {} == report.warnings
    assert plan.empty
    assert "Written otherwise, as the service is known to do: userPrincipalName 1" in told


def test_what_differs_of_an_object_is_forgotten_with_it(engine: Engine) -> None:
    in_cloud(engine, engine.anchor(user(3)), displayName="Impostor")
    assert engine.run()[0].differences == {"displayName": 1}
    engine.leave(3)
    engine.run()
    engine.run()
    report, _ = engine.run()
    assert report.differences == {}
    with engine.store() as store:
        assert store.database.value("SELECT COUNT(*) FROM drift") == 0


def test_a_report_that_was_kept_tells_the_same(engine: Engine) -> None:
    engine.cloud.vanish(engine.anchor(user(1)))
    in_cloud(engine, engine.anchor(user(2)), displayName="Impostor")
    report, _ = engine.run()
    assert list(run_lines(report_from(report.as_json()))) == list(run_lines(report))


def test_an_explanation_tells_what_the_cloud_shows_and_why(engine: Engine) -> None:
    shown = f"user1@{INITIAL}"
    in_cloud(engine, engine.anchor(user(1)), title="Impostor", userPrincipalName=shown)
    engine.run()
    told = explained(engine, user_dn(1))
    title, name = attribute(told, "title"), attribute(told, "userPrincipalName")
    assert (title.shown, title.drift) == ("Impostor", "nothing that the service is known to do explains it")
    assert (name.shown, name.drift) == (shown, INITIAL_DOMAIN)
    assert attribute(told, "displayName").drift == ""
    assert any(f"! shown as {shown}" in line for line in lines(engine, user_dn(1)))


# --- restorations ------------------------------------------------------------------------------------------------


def test_who_returns_within_thirty_days_is_a_restoration_with_the_links_of_before(engine: Engine) -> None:
    entry = engine.source.entries[guid(1)]
    engine.leave(1)
    engine.settle()
    engine.source.add(entry)
    engine.source.members[guid(101)] = [user_dn(1), user_dn(2), user_dn(3)]
    engine.clock = lambda: RESTORED_WITHIN - 1.0
    _, plan, told = planned(engine)
    assert plan.origins == {"Restoration": 1} and plan.counts == {"Create": {"User": 1}}
    assert plan.link_origins == {"Restoration": 1, "Source": 1}
    why = "from the return of what was deleted less than 30 days ago"
    assert f"  1 of these changes follows {why}" in told


def test_who_returns_later_is_new(engine: Engine) -> None:
    entry = engine.source.entries[guid(3)]
    engine.leave(3)
    engine.settle()
    engine.source.add(entry)
    engine.clock = lambda: RESTORED_WITHIN + 1.0
    assert planned(engine)[1].origins == {"Source": 1}


def test_who_was_in_no_group_is_restored_too_and_whoever_came_back_is_restored_no_more(engine: Engine) -> None:
    entry = engine.source.entries[guid(3)]
    engine.leave(3)
    engine.settle()
    engine.source.add(entry)
    assert planned(engine)[1].origins == {"Restoration": 1}
    engine.settle()
    engine.source.add(user(3, title="Clerk"))
    assert planned(engine)[1].origins == {"Source": 1}
    with engine.store() as store:
        assert not store.snapshot().restoring(-1.0)


# --- links that come along ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", [Origin.CONFIGURATION, Origin.UPGRADE, Origin.ADOPTION])
@pytest.mark.parametrize("who", ["User", "Group"])
def test_links_follow_from_whoever_comes(engine: Engine, origin: Origin, who: str) -> None:
    with engine.store() as store:
        store.database.run(
            """UPDATE objects SET acked = NULL, origin = ? WHERE kind = ?
               AND id IN (SELECT id FROM entries WHERE guid IN (?, ?))""",
            (int(origin), who, guid(1), guid(101)),
        )
        store.database.run("DELETE FROM cloud_links")
    _, plan, _ = planned(engine)
    assert plan.link_origins == ({origin.word: 2} if who == "Group" else {origin.word: 1, "Source": 1})


def test_the_causes_are_in_the_json(engine: Engine) -> None:
    engine.cloud.vanish(engine.anchor(user(1)))
    report, plan, _ = planned(engine)
    told = causes_document(plan, report)
    assert told["origins"] == told["link_origins"] == {"Cloud": 1}
    assert told["drift"] == {"Gone": 1} and told["containers"] == []


def test_a_read_back_that_shows_a_group_that_is_not_ours_drifts_nothing(tmp_path) -> None:
    engine = Engine(tmp_path / "state.db", cloud=ModelCloud(known_objects=None))
    engine.source.add(user(1), group(101))
    engine.cloud.provision(
        [
            SyncObject("User", Operation.SET, {"SourceAnchor": engine.anchor(user(1))}),
            SyncObject("Group", Operation.SET, {"SourceAnchor": engine.anchor(group(101))}),
        ]
    )
    for operation in (LinkOperation.ADD, LinkOperation.REMOVE, LinkOperation.ADD):
        member(engine, 1, operation)
        assert engine.run()[0].drift == {}


def test_a_delete_of_ours_whose_answer_was_lost_is_no_drift(engine: Engine) -> None:
    engine.leave(3)
    engine.run()
    engine.lose()
    report, _ = engine.run()
    assert report.drift == {} and engine.anchor(user(3)) not in engine.cloud.objects


def test_removals_follow_from_the_adoption_the_cloud_or_the_directory() -> None:
    some = {name: BitMap([number]) for number, name in enumerate(("found", "drifted"), 1)}
    group_of = Membership(9, 1, "eA==", "CN=g", "", BitMap(), BitMap(), BitMap([1, 2, 3]), BitMap(), True, **some)
    change = MembershipChange(group_of, BitMap(), BitMap([1, 2, 3]))
    told = {Origin.ADOPTION: 1, Origin.CLOUD: 1, Origin.SOURCE: 1}
    assert link_origins(change, Circumstances()) == told
