"""What plans and explanations say of written-back groups: they speak of the directory, and of where a group lies."""

from support.both import Both
from support.build import guid, user_dn
from support.tenant_model import mark, object_id
from support.written_engine import WrittenEngine
from syncramp.explanation.gathering import explain
from syncramp.model.explanation_written import WrittenGroup
from syncramp.model.holds import Hold
from syncramp.model.report import RunReport
from syncramp.report.explanation import explanation_lines


def explained(engine: WrittenEngine, who: str) -> tuple[WrittenGroup, str]:
    """What is known of a group in the directory, and all that is told of it."""
    with engine.store() as store:
        rules = {source.name: engine.rules(source.name) for source in engine.sources}
        answer = explain(store, engine.config, rules, who, engine.clock(), ledger=engine._ledger)
    assert answer.written is not None and answer.written.there is not None
    return answer.written.there, "\n".join(explanation_lines(answer))


def gone_for_good(engine: Both, number: int) -> RunReport:
    engine.tenant.delete(number, "SoftDelete")
    engine.run_back()
    with engine.store() as store:
        store.cloud.hard_deleted(object_id(number), engine.clock())
    return engine.run_back()


def details(report: RunReport, hold: Hold) -> str:
    return " ".join(sample.detail for sample in report.hold_samples[hold.value])


def test_a_delete_says_that_the_group_was_deleted_in_the_cloud(written: Both) -> None:
    told = details(gone_for_good(written, 1), Hold.APPROVAL_REQUIRED)
    assert "its group was deleted in the cloud for good" in told
    assert "entry" not in told and "deleted in the directory" not in told


def test_what_was_found_at_a_takeover_was_so_in_the_directory(both: Both) -> None:
    both.directory.create(mark(1), [guid(1), guid(5)], cn="Old name", groupType=8, info="by hand")
    both.tenant.given(1, both.cloud_anchors(1, 2))
    told = details(both.run_back(), Hold.FOUND_AT_ADOPTION)
    assert "the directory had it so when the group was taken over" in told and "tenant" not in told
    _, text = explained(both, mark(1))
    assert "the directory had it so when the group was taken over" in text and "tenant" not in text


def test_a_group_that_somebody_moved_is_told_where_it_lies(written: Both) -> None:
    (group,) = written.directory.groups.values()
    group.dn = "CN=Elsewhere,OU=Moved,DC=corp,DC=example,DC=com"
    group.protected = True
    written.tenant.join(1, *written.cloud_anchors(4))
    report = written.run_back()
    assert [sample.dn for sample in report.hold_samples[Hold.PROTECTED.value]] == [group.dn]
    there, text = explained(written, mark(1))
    assert there.dn == group.dn and group.dn in text


def test_an_attribute_that_was_edited_is_told_beside_what_it_should_be(written: Both) -> None:
    (group,) = written.directory.groups.values()
    wanted = group.values["displayName"]
    written.directory.change(mark(1), displayName="by hand")
    written.run_back()
    there, text = explained(written, mark(1))
    (name,) = [each for each in there.attributes if each.name == "displayName"]
    assert (name.desired, name.there) == (wanted, "by hand")
    assert "in the directory: by hand" in text


def test_a_group_that_waits_to_be_deleted_has_its_members_until_then(written: Both) -> None:
    gone_for_good(written, 1)
    there, text = explained(written, mark(1))
    assert (there.desired, there.sure, there.possible) == (0, 3, 3)
    assert there.names == tuple(user_dn(number) for number in (1, 2, 3))
    assert "surely 3, possibly 3" in text


def test_what_the_last_run_told_of_a_group_is_told_of_it_later(written: Both) -> None:
    (group,) = written.directory.groups.values()
    group.anchor = ""
    report = written.run_back()
    assert report.drift == {"AnchorChanged": 1}
    written.tenant.given(2, written.cloud_anchors(4))
    report = written.run_back()
    assert report.drift == {"AnchorChanged": 1}, "a run that looks twice tells it once"
    there, text = explained(written, mark(1))
    assert there.noted == ("somebody took its mark away",)
    assert "last run       somebody took its mark away" in text
