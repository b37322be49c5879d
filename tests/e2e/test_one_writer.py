"""One writer to a tenant: two SyncConfigs with the same one, and the command line beside an operator."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.kube_api_client import PATIENCE, token_of_operator, write_kubeconfig
from support.story import Story
from syncramp_operator.leases.fencing import lease_name

Object = dict[str, Any]
HELD = "is at work on the tenant, with a store of its own"


def lease_of(story: Story) -> Object:
    """What stands in the Lease of the story's tenant, whose operator has its Leases in the namespace of the story."""
    name = lease_name(story.cloud.tenant_id)
    path = f"/apis/coordination.k8s.io/v1/namespaces/{story.namespace}/leases/{name}"
    return dict(story.server.cluster.done("GET", path)["spec"])


@contextmanager
def beside(story: Story) -> Iterator[Story]:
    """Another SyncConfig with the tenant of the first one."""
    other = Story(story.server, story.namespace, story.cloud, f"{story.name[:40]}-other")
    other.operators = story.operators
    yield other
    other.when_over()


def test_of_two_syncconfigs_with_one_tenant_one_waits_until_the_other_has_ended(story: Story) -> None:
    with beside(story) as other:
        with story.cloud.frozen("ProvisionAzureADSyncObjects2") as reached:
            story.when_applied()
            assert reached.wait(PATIENCE)
            other.when_applied(mode="Sync")
            refused = other.then_run("Failed")["status"]
            assert (refused["reason"], refused["family"]) == ("TenantHeld", "Waiting")
            assert f"a run of {story.namespace}/{story.name} {HELD}" in refused["message"]
            assert "lease" not in refused
            other.then_condition("Ready", "False", "TenantHeld")
            held = lease_of(story)
            assert story.cloud.exports == 0
        done = story.then_run("Succeeded")["status"]
        assert done["lease"]["holder"] == held["holderIdentity"]
        assert done["lease"]["token"] == held["leaseTransitions"] == 1
        assert story.body()["status"]["lease"]["namespace"] == story.namespace
        other.when_requested()
        assert other.then_run()["status"]["lease"]["token"] == 2
        assert lease_of(story)["holderIdentity"] == ""


def command_line(story: Story, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """``syncramp sync`` with the same document and a store of its own, as whoever may do what the operator may."""
    contents = {"app/secret": story.cloud.simulator.client_secret.encode()}
    contents |= {
        "ca/ca.crt": story.cloud.simulator.certificates.ca,
        "ldif/directory.ldif": story.directory.ldif.encode(),
    }
    for place, content in contents.items():
        file = folder / "secrets" / f"{story.name}-{place}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    document = folder / "syncconfig.yaml"
    document.write_text(yaml.safe_dump(story.document()), encoding="utf-8")
    command = [sys.executable, "-m", "syncramp", "sync", str(document), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_the_command_line_takes_the_lease_that_runs_of_the_operator_take(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    token = token_of_operator(story.server.cluster, story.namespace)
    write_kubeconfig(kubeconfig, story.server.configuration, token)
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    with story.cloud.frozen("ProvisionAzureADSyncObjects2") as reached:
        story.when_applied()
        assert reached.wait(PATIENCE)
        refused = command_line(story, tmp_path, "--lease", story.namespace)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert f"a run of {story.namespace}/{story.name} {HELD}" in refused.stderr
        forbidden = command_line(story, tmp_path)  # it may see SyncConfigs of this namespace alone
        assert forbidden.returncode == 1
        assert "the API server forbids it (403); name the namespace of the Lease with --lease" in forbidden.stderr
        assert story.cloud.exports == 0
    story.then_run("Succeeded")
    after = command_line(story, tmp_path, "--lease", story.namespace)
    assert f"info: the run holds the Lease {story.namespace}/{lease_name(story.cloud.tenant_id)}" in after.stderr
    assert (lease_of(story)["leaseTransitions"], lease_of(story)["holderIdentity"]) == (2, "")
