"""What waits for a person, and goes when the person has spoken."""

from typing import Any

from support.story import Story, conditions

Object = dict[str, Any]

FEW = {"failsafe": {"deletes": {"count": 1, "always": 1}}}


def approval(body: Object) -> str:
    """What approves everything that the status says to wait."""
    return ",".join(waiting["digest"] for waiting in body["status"]["waiting"])


def test_changes_wait_for_an_approval_and_a_stale_one_lets_nothing_go(story: Story) -> None:
    story.when_applied(approval="Manual")
    story.then_run("Incomplete")
    first = approval(story.then_condition("ApprovalRequired"))
    assert story.cloud.users == 0
    story.when_directory_changes(lambda directory: directory.people.add(6))
    story.then_run("Incomplete")
    second = approval(story.then_condition("ApprovalRequired"))
    assert second != first
    story.when_annotated(approve=first)
    story.then_run("Incomplete")
    story.then_condition("ApprovalRequired")
    story.when_annotated(approve=approval(story.body()))
    story.then_run()
    assert story.cloud.users == 6


def test_more_deletes_than_the_document_allows_wait(story: Story) -> None:
    story.when_applied(**FEW)
    story.then_run("Succeeded")
    story.when_directory_changes(lambda directory: directory.people.difference_update({3, 4, 5}))
    story.then_run()
    story.when_requested()
    story.then_run("Incomplete")
    body = story.then_condition("DeletionsHeld")
    assert body["status"]["heldDeletes"] == 3
    assert conditions(body)["Ready"]["status"] == "False"
    assert story.cloud.users == 5
    story.when_annotated(approve=approval(body))
    story.then_run("Succeeded")
    story.then_no_condition("DeletionsHeld")
    assert story.cloud.users == 2


def test_departures_that_the_document_itself_causes_wait(story: Story) -> None:
    story.directory.clerks = {4, 5}
    story.when_applied()
    story.then_run("Succeeded")
    clerks = {"when": "has(entry.department) && entry.department == 'Clerks'", "exclude": {}}
    story.when_edited(rules=[{"name": "no-clerks", "precedence": 10, "kind": "User", **clerks}])
    story.then_run("Incomplete")
    body = story.then_ready("False")
    assert story.cloud.users == 5
    story.when_annotated(approve=approval(body))
    story.then_run()
    assert story.cloud.users == 3
