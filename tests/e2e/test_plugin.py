"""``kubectl syncramp`` as people type it, beside an operator at work."""

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.api_servers import ApiServer
from support.kube_api_client import apply, token_of_operator, write_kubeconfig
from support.plugin import Said, typed
from support.story import Story

READERS = [{"apiGroups": ["syncramp.io"], "resources": ["syncconfigs", "syncruns"], "verbs": ["get", "list"]}]
FEW = {"failsafe": {"deletes": {"count": 1, "always": 1}}}

Type = Callable[..., Said]


def _kubeconfig(server: ApiServer, namespace: str, path: Path, verbs: list[str]) -> Path:
    """Of somebody who may read, and do what the verbs say to SyncConfigs."""
    name = path.stem
    metadata = {"name": name, "namespace": namespace}
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata}
    more = [{"apiGroups": ["syncramp.io"], "resources": ["syncconfigs"], "verbs": verbs}] if verbs else []
    apply(server.cluster, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    apply(server.cluster, role | {"rules": READERS + more})
    subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    apply(server.cluster, role | {"kind": "RoleBinding", "roleRef": reference, "subjects": [subject]})
    write_kubeconfig(path, server.configuration, token_of_operator(server.cluster, namespace, name))
    return path


@pytest.fixture
def kubectl(server: ApiServer, story: Story, tmp_path: Path) -> Iterator[Type]:
    """Type a command on the story's SyncConfig, with the rights to read and to patch it, and no others."""
    path = _kubeconfig(server, story.namespace, tmp_path / "person", ["patch"])

    def type_it(command: str, *more: str) -> Said:
        return typed(path, command, story.name, *more, "--namespace", story.namespace)

    return type_it


def test_a_sync_waits_until_its_run_is_over(story: Story, kubectl: Type) -> None:
    story.when_applied()
    story.then_run("Succeeded")
    said = kubectl("sync", "-o", "json")
    assert said.code == 0, said
    assert said.document["run"]["status"]["phase"] == "Succeeded"
    assert said.document["run"]["spec"]["trigger"] == "Requested"
    assert kubectl("sync", "--full", "-o", "json").document["run"]["spec"]["type"] == "Full"
    assert story.body()["status"]["lastHandled"]["requestedAt"] == said.document["text"]


def test_a_plan_is_printed_and_sends_nothing(story: Story, kubectl: Type) -> None:
    story.when_applied(mode="Plan")
    story.then_run("Succeeded")
    said = kubectl("plan")
    assert said.code == 2, said
    assert "Create" in said.output
    assert story.cloud.users == 0


def test_what_waits_is_shown_and_approved(story: Story, kubectl: Type) -> None:
    story.when_applied(**FEW)
    story.then_run("Succeeded")
    assert kubectl("approve").output == "Nothing waits\n"
    story.when_directory_changes(lambda directory: directory.people.difference_update({3, 4, 5}))
    story.then_run()
    story.when_requested()
    story.then_run("Incomplete")
    story.then_condition("DeletionsHeld")
    listed = kubectl("approve", "-o", "json")
    assert listed.code == 2
    (waits,) = listed.document["waiting"]
    assert kubectl("approve", "0123456789").code == 3
    said = kubectl("approve", waits["digest"][:8])
    assert said.code == 0, said
    assert story.cloud.users == 2
    again = kubectl("approve", waits["digest"])
    assert again.code == 3
    assert "nothing that waits" in again.errors


def test_nothing_is_waited_for_while_it_is_suspended(story: Story, kubectl: Type) -> None:
    story.when_applied()
    story.then_run("Succeeded")
    assert kubectl("suspend").code == 0
    story.then_ready(reason="Suspended")
    said = kubectl("sync")
    assert (said.code, "resume-sync" in said.output) == (2, True)
    story.when_kept()
    assert kubectl("resume-sync").code == 0
    story.then_run("Succeeded")


def test_a_document_that_is_refused_is_told_at_once(story: Story, kubectl: Type) -> None:
    story.when_applied(
        sources=[{"name": "corp", "ldif": {"path": "x.ldif", "entries": 1}, "scope": [{"dn": "OU=Peo+"}]}]
    )
    story.then_condition("Stalled", reason="InvalidSpec")
    said = kubectl("sync")
    assert said.code == 3
    assert "no run is made" in said.errors
    assert kubectl("status").code == 1


def test_history_and_status_tell_of_runs(story: Story, kubectl: Type) -> None:
    story.when_applied()
    story.then_run("Succeeded")
    story.then_ready()
    told = kubectl("history")
    assert told.code == 0
    assert told.output.splitlines()[0].split()[:3] == ["RUN", "TRIGGER", "MODE"]
    assert told.output.splitlines()[1].split()[:4] == [f"{story.name}-1", "Created", "Sync", "Succeeded"]
    status = kubectl("status")
    assert status.code == 0
    assert "Ready" in status.output


def test_the_shown_command_does_the_same_and_nothing_is_done_by_showing_it(story: Story, kubectl: Type) -> None:
    story.when_applied(suspend=True)
    story.then_ready("Unknown")
    shown = kubectl("pause", "large", "--show")
    assert shown.code == 0, shown
    *_, change = shlex.split(shown.output)
    assert change.startswith("syncramp.io/pause=large@")
    assert "syncramp.io/pause" not in story.body()["metadata"].get("annotations", {})
    kubectl("pause", "large", "--no-wait")
    assert story.body()["metadata"]["annotations"]["syncramp.io/pause"].startswith("large@")


def test_whoever_may_only_read_is_told_what_right_they_need(story: Story, server: ApiServer, tmp_path: Path) -> None:
    story.when_applied(suspend=True)
    path = _kubeconfig(server, story.namespace, tmp_path / "reader", [])
    said = typed(path, "sync", story.name, "-n", story.namespace)
    assert said.code == 1
    assert "you need the verb patch" in said.errors
    gone = typed(path, "sync", "nobody", "-n", story.namespace)
    assert (gone.code, "there is no such SyncConfig" in gone.errors) == (3, True)
    assert typed(path, "sync", story.name, "--context", "nowhere").code == 3
