"""One writer to a tenant, with real processes, a simulator over TLS and the double of the API server."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from support.build import TENANT
from support.kube_api import ADMIN_TOKEN, KubeApi
from support.kube_api_client import MERGE, Cluster, cluster_at, install_crd, until, write_kubeconfig
from support.kube_api_documents import document
from support.lease_writer import HOME, TRAVEL
from support.walk import PATIENCE, Forest, Gate, Walk, walking
from syncramp.cli.simulator import write_profile, write_secrets
from syncramp.cycle.slices import run_all
from syncramp.errors import FenceLost
from syncramp.session.opening import job
from syncramp_operator.api import cluster as port
from syncramp_operator.leases.fencing import lease_name, tenant_lease
from syncramp_operator.leases.leasing import Terms

NAME = lease_name(TENANT)
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{HOME}/leases"
CONFIGS = "/apis/syncramp.io/v1alpha1/namespaces/identity/syncconfigs"
PEOPLE = 20


@pytest.fixture(scope="module")
def server() -> Iterator[KubeApi]:
    with KubeApi().running() as running:
        admin = cluster_at(running.url)
        install_crd(admin)
        for name in (HOME, "identity"):
            admin.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        admin.close()
        yield running


@pytest.fixture
def api(server: KubeApi, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubeApi]:
    """A cluster that commands see, without any Lease yet."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    write_kubeconfig(tmp_path / "kubeconfig", cluster.configuration, ADMIN_TOKEN)
    server.calls.clear()
    yield server
    server.faults.mend()
    for lease in cluster.done("GET", LEASES)["items"]:
        cluster.done("DELETE", f"{LEASES}/{lease['metadata']['name']}")


@pytest.fixture
def cluster(server: KubeApi) -> Iterator[Cluster]:
    found = cluster_at(server.url)
    yield found
    found.close()


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as made:
        made.forest = Forest.of(PEOPLE)
        yield made


def lease_of(cluster: Cluster) -> dict[str, Any]:
    """What stands in the Lease of the tenant; empty where there is none."""
    code, found = cluster.ask("GET", f"{LEASES}/{NAME}")
    return dict(found["spec"]) if code == 200 else {}


def foreign(cluster: Cluster, holder: str = "identity/other@1234") -> None:
    """Somebody else has it, whoever has it now."""
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 660, "leaseTransitions": 99}
    cluster.done("PATCH", f"{LEASES}/{NAME}", {"spec": spec}, MERGE)


@contextmanager
def tells(cluster: Cluster, name: str, namespace: str) -> Iterator[None]:
    """A SyncConfig of the tenant that names where its Lease is; empty: it does not yet."""
    body = document(name, "identity")
    body["spec"]["target"]["tenantID"] = TENANT.upper()
    cluster.done("POST", CONFIGS, body)
    if namespace:
        status = {"status": {"lease": {"namespace": namespace, "name": NAME}}}
        cluster.done("PATCH", f"{CONFIGS}/{name}/status", status, MERGE)
    yield
    cluster.done("DELETE", f"{CONFIGS}/{name}")


# --- processes ------------------------------------------------------------------------------------------------------


@contextmanager
def writer(tmp_path: Path, store: str) -> Iterator[subprocess.Popen[str]]:
    """A process that writes as long as it may."""
    command = [sys.executable, "-m", "support.lease_writer", str(tmp_path / f"{store}.db"), str(tmp_path / "journal")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def journal(tmp_path: Path) -> list[tuple[str, int, float]]:
    """Calls that left: store, token, when."""
    path = tmp_path / "journal"
    lines = path.read_text().splitlines() if path.exists() else []
    rows = [line.split() for line in lines if len(line.split()) == 3]
    return [(store, int(token), float(moment)) for store, token, moment in rows]


def writes(tmp_path: Path, store: str, beyond: int = 0) -> None:
    """Until it made calls with a higher token than this."""
    until(lambda: journal(tmp_path), lambda rows: any(row[0] == store and row[1] > beyond for row in rows))


def assert_one_at_a_time(rows: list[tuple[str, int, float]]) -> None:
    for (before, token, left), (after, later, leaves) in pairwise(rows):
        assert later >= token
        assert before == after or leaves - left > TRAVEL, f"{before} at {left}, {after} at {leaves}"


def test_a_process_that_stood_still_or_died_is_followed_and_never_accompanied(api: KubeApi, tmp_path: Path) -> None:
    with writer(tmp_path, "one") as one, writer(tmp_path, "two") as two:
        until(lambda: journal(tmp_path), bool)
        first, second = (one, two) if journal(tmp_path)[0][0] == "one" else (two, one)
        name, other = ("one", "two") if first is one else ("two", "one")
        token = journal(tmp_path)[0][1]
        first.send_signal(signal.SIGSTOP)
        writes(tmp_path, other, token)
        first.send_signal(signal.SIGCONT)
        out, _ = first.communicate(timeout=PATIENCE)
        assert out.startswith("lost: ")
        second.kill()
        with writer(tmp_path, name):
            writes(tmp_path, name, token + 1)
    assert_one_at_a_time(journal(tmp_path))
    assert [token for _, token, _ in journal(tmp_path)][-1] == token + 2


# --- runs -----------------------------------------------------------------------------------------------------------


@contextmanager
def runner(walk: Walk, name: str) -> Iterator[subprocess.Popen[str]]:
    """The process of a run, as the operator starts it; it does not outlive the block."""
    walk.write()
    command = [sys.executable, "-m", "syncramp_operator.runner", "--run", f"identity/{name}", "--lease", HOME]
    command += ["--document", str(walk.document), "--secrets", str(walk.folder / "secrets")]
    command += ["--state", str(walk.folder / f"{name}.db")]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **streams, text=True, cwd=walk.folder) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def gated(gate: Gate) -> Iterator[None]:
    """A call is held at the gate; it is open in the end."""
    try:
        assert gate.reached.wait(PATIENCE)
        yield
    finally:
        gate.open()


def ended(process: subprocess.Popen[str]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The events of a run, and how it ended."""
    out, err = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in err, err
    *events, end = map(json.loads, out.splitlines())
    return events, end


def second_document(walk: Walk, folder: Path) -> Walk:
    """Another SyncConfig for the same tenant, with a store of its own."""
    assert walk.simulator is not None
    folder.mkdir()
    write_secrets(walk.simulator, folder)
    write_profile(walk.simulator, folder)
    return Walk(folder, walk.host, walk.simulator)


def test_two_syncconfigs_of_one_tenant_never_export_at_once(
    api: KubeApi, cluster: Cluster, walk: Walk, tmp_path: Path
) -> None:
    gate, other = Gate(walk, 1), second_document(walk, tmp_path / "other")
    with runner(walk, "corp-1") as first, gated(gate):
        held = lease_of(cluster)
        with runner(other, "labs-1") as second:
            _, end = ended(second)
        assert (end["phase"], end["reason"], end["family"]) == ("Failed", "TenantHeld", "Waiting")
        assert "a run of default/walk is at work on the tenant" in end["message"]
        gate.open()
        events, end = ended(first)
    assert end["phase"] == "Succeeded", end
    fenced = next(event for event in events if event["event"] == "Fenced")
    assert (fenced["holder"], fenced["token"]) == (held["holderIdentity"], held["leaseTransitions"])
    assert lease_of(cluster)["holderIdentity"] == ""


def test_the_command_line_waits_for_a_run_of_the_operator(
    api: KubeApi, cluster: Cluster, walk: Walk, tmp_path: Path
) -> None:
    gate, other = Gate(walk, 1), second_document(walk, tmp_path / "laptop")
    with runner(walk, "corp-1") as first, gated(gate), tells(cluster, "corp", HOME):
        other.here().assert_error(1, f"Lease {HOME}/{NAME}: ", "a run of default/walk is at work on the tenant")
        gate.open()
        ended(first)
        assert f"info: the run holds the Lease {HOME}/{NAME}\n" in other.here("sync", "--once").err


def test_a_lease_that_is_lost_in_the_middle_of_an_export_ends_it_after_the_calls_in_flight(
    api: KubeApi, cluster: Cluster, walk: Walk
) -> None:
    gate, failures = Gate(walk, 3), []
    walk.spec["target"]["endpoint"]["objectsPerCall"] = 2
    fast = Terms(duration=60.0, valid=30.0, every=0.05, retry=0.05)
    walk.write()

    def go() -> None:
        take = tenant_lease(port.connected(5), HOME, fast)
        with job(str(walk.document), None, None, lambda event: None, sends=True, fence=take) as made:
            fences.append(made.fence)
            try:
                run_all(made)
            except FenceLost as error:
                failures.append(str(error))

    fences: list[Any] = []
    run = threading.Thread(target=go)
    run.start()
    assert gate.reached.wait(PATIENCE)
    foreign(cluster)
    until(lambda: fences[0]._contender.lost, bool)
    gate.open()
    run.join(PATIENCE)
    assert len(failures) == 1
    assert "identity/other@1234 has it now" in failures[0]
    assert 3 <= walk.exports <= 2 + 4  # those in flight, and no other
    assert len(walk.in_cloud()) == 2 * walk.exports < PEOPLE
    walk.assert_state_true()
    assert lease_of(cluster)["holderIdentity"] == "identity/other@1234"
    assert walk.here("sync", "--no-lease").code == 0
    walk.assert_cloud_matches()


# --- what the command line makes of a cluster -----------------------------------------------------------------------


def test_a_namespace_that_is_named_is_where_the_lease_is_taken(api: KubeApi, cluster: Cluster, walk: Walk) -> None:
    done = walk.here("sync", "--lease", HOME)
    assert (done.code, done.errors) == (0, [])
    assert (lease_of(cluster)["holderIdentity"], lease_of(cluster)["leaseTransitions"]) == ("", 1)
    assert walk.here("sync", "--lease", HOME).code == 0
    assert lease_of(cluster)["leaseTransitions"] == 2


def test_who_takes_none_asks_nobody(api: KubeApi, walk: Walk) -> None:
    assert walk.here("sync", "--no-lease").code == 0
    walk.spec["mode"] = "Staging"
    assert walk.here("sync", "--lease", HOME).code in (0, 2)
    assert api.calls == []


def test_a_cluster_that_does_not_answer_is_told_and_no_obstacle(
    api: KubeApi, walk: Walk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = cluster_at("http://127.0.0.1:9")
    write_kubeconfig(tmp_path / "kubeconfig", away.configuration, "x")
    done = walk.here()
    assert (done.code, done.errors) == (0, [])
    assert "warning: the cluster does not answer: no Lease of the tenant is taken\n" in done.err
    monkeypatch.setattr("syncramp_operator.leases.fencing.TRIES", 1)
    walk.here("sync", "--lease", HOME).assert_error(1, "the API server did not answer")


def test_no_cluster_is_no_word_and_an_error_for_who_asked_for_one(
    walk: Walk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    done = walk.here()
    assert (done.code, "Lease" in done.err) == (0, False)
    walk.here("sync", "--lease", HOME).assert_error(1, "no cluster is to be seen")


def test_a_cluster_that_refuses_is_an_error(api: KubeApi, walk: Walk) -> None:
    api.faults.fail(403, times=-1, resource="syncconfigs")
    walk.here().assert_error(1, "the API server forbids it (403)", "--lease", "--no-lease")
    assert walk.exports == 0


def test_leases_of_one_tenant_in_several_namespaces_are_refused(api: KubeApi, cluster: Cluster, walk: Walk) -> None:
    with tells(cluster, "one", "one-system"), tells(cluster, "two", "two-system"):
        walk.here().assert_error(3, "one-system, two-system", "--lease")


def test_a_cluster_that_knows_nothing_of_the_tenant_is_told_and_no_obstacle(
    api: KubeApi, cluster: Cluster, walk: Walk
) -> None:
    nothing = "warning: no SyncConfig of the cluster has named a Lease of this tenant yet: no Lease of the tenant is"
    assert nothing in walk.here().err
    with tells(cluster, "young", ""):
        assert nothing in walk.here().err
    api.faults.fail(404, times=-1, resource="syncconfigs")
    done = walk.here()
    assert (done.code, "warning: the cluster knows no SyncConfigs: no Lease" in done.err) == (0, True)
