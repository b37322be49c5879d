"""From kubectl apply to a cloud that follows: runs, and what makes them."""

from support.directory_ldif import Directory
from support.story import Story, conditions


def test_what_is_applied_becomes_ready_and_the_cloud_is_as_the_directory(story: Story) -> None:
    story.when_applied()
    body = story.then_ready(reason="SyncSucceeded")
    assert story.cloud.users == 5
    assert list(story.cloud.groups.values()) == [3]
    assert conditions(body)["SourcesReady"]["status"] == conditions(body)["TargetReady"]["status"] == "True"
    (run,) = story.runs()
    assert (run["spec"]["trigger"], run["spec"]["mode"], run["status"]["phase"]) == ("Created", "Sync", "Succeeded")
    assert run["status"]["objects"]["acknowledged"] == run["status"]["confirmed"] == 6
    assert run["metadata"]["ownerReferences"][0]["uid"] == body["metadata"]["uid"]
    story.then_told("SyncSucceeded")


def test_what_is_applied_anew_is_planned_and_synchronised(story: Story) -> None:
    story.when_applied(mode="Plan")
    assert story.then_run("Succeeded")["spec"]["mode"] == "Plan"
    story.then_ready(reason="PlanOnly")
    assert story.cloud.users == 0
    story.when_edited(mode="Sync")
    assert story.then_run("Succeeded")["spec"]["trigger"] == "SpecChanged"
    story.when_directory_changes(lambda directory: directory.people.add(6))
    story.then_run("Succeeded")
    assert story.cloud.users == 6
    assert story.body()["status"]["objects"]["users"] == 6


def test_a_run_is_made_when_somebody_asks_and_a_plan_when_a_plan_is_asked_for(story: Story) -> None:
    story.when_applied()
    story.then_run("Succeeded")
    story.when_annotated(planAt="one")
    plan = story.then_run("Succeeded")
    assert (plan["spec"]["trigger"], plan["spec"]["mode"]) == ("Planned", "Plan")
    story.when_annotated(requestedAt="one")
    assert story.then_run("Succeeded")["spec"]["trigger"] == "Requested"
    story.when_annotated(forceAt="one")
    assert story.then_run("Succeeded")["spec"]["type"] == "Full"
    assert story.body()["status"]["lastHandled"] == {"forceAt": "one", "planAt": "one", "requestedAt": "one"}


def test_who_is_suspended_is_not_run_until_he_is_resumed(story: Story) -> None:
    story.when_applied(suspend=True)
    story.then_ready("Unknown", "Suspended")
    story.when_annotated(requestedAt="while suspended")
    story.then_no_run()
    story.when_edited(suspend=False)
    story.then_run("Succeeded")
    story.then_ready()
    story.when_edited(suspend=True)
    story.then_condition("Ready", "True")
    story.when_annotated(requestedAt="again")
    story.then_no_run()


def test_a_staged_document_keeps_what_it_would_send(story: Story) -> None:
    story.when_applied(mode="Staging")
    story.then_run()
    story.then_ready(reason="Staging")
    assert story.cloud.exports == 0


def test_who_leaves_the_directory_leaves_the_cloud_at_the_second_look(story: Story) -> None:
    story.when_applied()
    story.then_run("Succeeded")
    story.when_directory_changes(leave(5))
    story.then_run()
    assert story.cloud.users == 5
    story.when_requested()
    story.then_run("Succeeded")
    assert story.cloud.users == 4


def leave(*numbers: int):
    """Somebody leaves."""

    def change(directory: Directory) -> None:
        directory.people -= set(numbers)

    return change
