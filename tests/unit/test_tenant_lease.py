"""One writer to a tenant: what a run on a store takes, keeps and leaves; whoever renews is a real thread."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from support.build import config
from support.clock import Clock
from support.lease_cluster import LeaseCluster
from syncramp.errors import FenceLost, TenantHeld
from syncramp.source import dn
from syncramp.spec.types import SyncConfig
from syncramp.store.store import Store
from syncramp_operator.api.cluster import Cluster, ClusterRefused, ClusterUnavailable
from syncramp_operator.leases.fencing import TakeLease, TenantLease, lease_name, tenant_lease
from syncramp_operator.leases.leasing import Terms

TRAVEL = 600.0
CONFIG = config()
NAME = lease_name(CONFIG.target.tenant_id)


@pytest.fixture
def cluster() -> LeaseCluster:
    return LeaseCluster()


@pytest.fixture
def clock() -> Clock:
    return Clock(1000.0)


def taking(cluster: LeaseCluster, clock: Clock, terms: Terms | None = None) -> TakeLease:
    return tenant_lease(cast("Cluster", cluster), "home", terms, clock)


@contextmanager
def held(take: TakeLease, path: Path, document: SyncConfig = CONFIG) -> Iterator[TenantLease]:
    """A run's Lease on a store."""
    with closing(Store(path, dn.key)) as store, take(document, store, TRAVEL) as lease:
        assert isinstance(lease, TenantLease)
        yield lease


def killed(take: TakeLease, path: Path) -> int:
    """A process that takes the Lease and dies with it; its token."""
    with closing(Store(path, dn.key)) as store:
        block = take(CONFIG, store, TRAVEL)
        lease = block.__enter__()
        assert isinstance(lease, TenantLease)
        lease.release = lambda rest: None  # type: ignore[method-assign]
        block.__exit__(None, None, None)
        return lease.token


def test_a_run_holds_it_and_gives_it_up(cluster: LeaseCluster, clock: Clock, tmp_path: Path) -> None:
    with held(taking(cluster, clock), tmp_path / "one.db") as lease:
        lease.check()
        spec = cluster.spec(NAME)
        assert spec["holderIdentity"] == lease.told.holder
        assert (spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (660, lease.token)
    assert cluster.spec(NAME)["holderIdentity"] == ""
    with held(taking(cluster, clock), tmp_path / "other.db") as later:
        assert later.token == lease.token + 1


def test_another_store_is_told_who_has_it_and_for_how_long(
    cluster: LeaseCluster, clock: Clock, tmp_path: Path
) -> None:
    with held(taking(cluster, clock), tmp_path / "one.db"):
        with pytest.raises(TenantHeld) as told:
            held(taking(cluster, clock), tmp_path / "other.db").__enter__()
    assert f"a run of {CONFIG.namespace}/{CONFIG.name} is at work" in str(told.value)
    assert f"Lease home/{NAME}: " in str(told.value)
    assert "until 20" in str(told.value)


def test_the_next_run_on_the_same_store_takes_over_at_once_what_a_dead_one_left(
    cluster: LeaseCluster, clock: Clock, tmp_path: Path
) -> None:
    token = killed(taking(cluster, clock), tmp_path / "one.db")
    with held(taking(cluster, clock), tmp_path / "one.db") as lease:
        assert lease.token == token + 1


def test_another_store_takes_it_after_its_duration_although_each_of_its_tries_is_a_process(
    cluster: LeaseCluster, clock: Clock, tmp_path: Path
) -> None:
    killed(taking(cluster, clock), tmp_path / "one.db")
    for _ in range(11):
        with pytest.raises(TenantHeld):
            held(taking(cluster, clock), tmp_path / "other.db").__enter__()
        clock.now += 60
    with held(taking(cluster, clock), tmp_path / "other.db") as lease:
        lease.check()


def test_what_a_machine_saw_before_it_was_started_anew_does_not_count(
    cluster: LeaseCluster, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(taking(cluster, clock), tmp_path / "one.db")
    for _ in range(2):  # machines that take turns keep what each of them saw
        for boot in ("first", "second"):
            (tmp_path / boot).write_text(boot)
            monkeypatch.setattr("syncramp_operator.leases.fencing._BOOT", tmp_path / boot)
            with pytest.raises(TenantHeld):
                held(taking(cluster, clock), tmp_path / "other.db").__enter__()
            clock.now += 200
    monkeypatch.setattr("syncramp_operator.leases.fencing._BOOT", tmp_path / "nowhere")
    with pytest.raises(TenantHeld):
        held(taking(cluster, clock), tmp_path / "other.db").__enter__()
    monkeypatch.setattr("syncramp_operator.leases.fencing._BOOT", tmp_path / "first")
    with held(taking(cluster, clock), tmp_path / "other.db") as lease:
        lease.check()


@pytest.mark.in_a_file("files are copied")
def test_a_copy_of_a_store_is_another_holder(cluster: LeaseCluster, clock: Clock, tmp_path: Path) -> None:
    killed(taking(cluster, clock), tmp_path / "one.db")
    for path in tmp_path.glob("one.db*"):
        shutil.copy(path, tmp_path / path.name.replace("one", "copy"))
    with pytest.raises(TenantHeld):
        held(taking(cluster, clock), tmp_path / "copy.db").__enter__()


@pytest.mark.in_a_file("files are copied")
def test_a_store_whose_volume_was_copied_waits_once_the_original_went_on(
    cluster: LeaseCluster, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing tells such a copy from the store itself, but the token that it knows."""
    monkeypatch.setattr("syncramp.store.sqlite.SqliteDatabase.place", lambda self: "the same")
    killed(taking(cluster, clock), tmp_path / "one.db")
    for path in tmp_path.glob("one.db*"):
        shutil.copy(path, tmp_path / path.name.replace("one", "copy"))
    killed(taking(cluster, clock), tmp_path / "one.db")
    with pytest.raises(TenantHeld):
        held(taking(cluster, clock), tmp_path / "copy.db").__enter__()


def test_who_could_not_renew_it_in_time_has_lost_it(cluster: LeaseCluster, clock: Clock, tmp_path: Path) -> None:
    with held(taking(cluster, clock), tmp_path / "one.db") as lease:
        cluster.away = True
        clock.now += 44
        lease.check()
        clock.now += 1
        with pytest.raises(FenceLost, match="could not be renewed for 45 seconds"):
            lease.check()
        cluster.away = False
    assert cluster.spec(NAME)["holderIdentity"] != ""  # nobody gives away what is not his


def test_a_slow_answer_makes_it_no_longer(cluster: LeaseCluster, clock: Clock, tmp_path: Path) -> None:
    def slow() -> None:
        clock.now += 15

    cluster.stored = slow
    with held(taking(cluster, clock), tmp_path / "one.db") as lease:
        cluster.stored, cluster.away = lambda: None, True
        with pytest.raises(FenceLost):
            clock.now = 1045
            lease.check()


def test_it_is_renewed_while_a_run_lasts(cluster: LeaseCluster, tmp_path: Path) -> None:
    terms = Terms(duration=20.0, valid=10.0, every=0.01, retry=0.01)
    with held(tenant_lease(cast("Cluster", cluster), "home", terms), tmp_path / "one.db") as lease:
        first = cluster.spec(NAME)["renewTime"]
        while cluster.spec(NAME)["renewTime"] == first:
            lease.check()
        body = cluster.get(None, "home", NAME)  # type: ignore[arg-type]
        body["spec"] |= {"holderIdentity": "somebody", "leaseTransitions": 99}
        cluster.held[NAME] = body | {"metadata": body["metadata"] | {"resourceVersion": "foreign"}}
        with pytest.raises(FenceLost, match="somebody has it now"):
            while True:
                lease.check()


def test_a_call_that_was_never_answered_is_waited_out_by_others(
    cluster: LeaseCluster, clock: Clock, tmp_path: Path
) -> None:
    with closing(Store(tmp_path / "one.db", dn.key)) as store, taking(cluster, clock)(CONFIG, store, TRAVEL):
        store.database.run(
            "INSERT INTO batches (run, token, sent_at, deadline, state, ids, objects, links)"
            " VALUES (1, 1, 0, 4000000000, 'Lost', ?, 1, 0)",
            (b"",),
        )
    spec = cluster.spec(NAME)
    assert (spec["holderIdentity"] != "", spec["leaseDurationSeconds"]) == (True, 615)
    with pytest.raises(TenantHeld):
        held(taking(cluster, clock), tmp_path / "other.db").__enter__()
    with held(taking(cluster, clock), tmp_path / "one.db"):
        """The same store knows of the call."""


def test_a_lower_token_than_the_store_knows_is_refused(cluster: LeaseCluster, clock: Clock, tmp_path: Path) -> None:
    with closing(Store(tmp_path / "one.db", dn.key)) as store:
        store.holder.note(7)
        with pytest.raises(FenceLost, match="has token 6, the store knows 7"):
            store.runs.begin(0.0, 6)
        with taking(cluster, clock)(CONFIG, store, TRAVEL) as lease:
            assert lease is not None
            assert lease.token == 8
            store.runs.begin(0.0, lease.token)


def test_an_api_server_that_does_not_answer_is_asked_three_times(
    cluster: LeaseCluster, clock: Clock, tmp_path: Path
) -> None:
    terms = Terms(660, 45, 20, 0)
    cluster.away = True
    with pytest.raises(ClusterUnavailable):
        held(taking(cluster, clock, terms), tmp_path / "one.db").__enter__()
    cluster.failure = ClusterRefused("the API server forbids it (403)")
    with pytest.raises(ClusterRefused):
        held(taking(cluster, clock, terms), tmp_path / "one.db").__enter__()


def test_a_namespace_that_is_not_there_is_told(cluster: LeaseCluster, clock: Clock, tmp_path: Path) -> None:
    cluster.namespaces.clear()
    with pytest.raises(ClusterRefused, match="home: there is no such namespace"):
        held(taking(cluster, clock), tmp_path / "one.db").__enter__()


def test_no_thread_is_left_behind(cluster: LeaseCluster, clock: Clock, tmp_path: Path) -> None:
    with held(taking(cluster, clock), tmp_path / "one.db"):
        assert [one for one in threading.enumerate() if one.name == "lease"]
    assert not [one for one in threading.enumerate() if one.name == "lease"]


def test_a_tenant_has_one_lease_however_its_id_is_written(
    cluster: LeaseCluster, clock: Clock, tmp_path: Path
) -> None:
    shouted = replace(CONFIG, target=replace(CONFIG.target, tenant_id=CONFIG.target.tenant_id.upper()))
    with held(taking(cluster, clock), tmp_path / "one.db"), pytest.raises(TenantHeld):
        held(taking(cluster, clock), tmp_path / "other.db", shouted).__enter__()
