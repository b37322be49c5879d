"""Servers that are behind, or restored: one that knows all that was seen is read, or the read says that it is not
fresh.
"""

from pathlib import Path

from support.ad_double_tree import Replica
from support.known import Before
from support.two_controllers import only_the_first, proof_of, read, replicas, two_served, without_the_first
from syncramp.model.facts import Entry, Proof
from syncramp.source.ldap.freshness import decode


def test_the_first_server_is_read_and_its_horizon_is_kept(tmp_path: Path) -> None:
    with two_served(tmp_path, *replicas()) as (source, (first, second)):
        proof = proof_of(read(source))
        again = proof_of(read(source, Before(proof.horizon)))
    assert proof.complete
    assert proof.fresh.proven
    assert proof.fresh.expected == "nothing was seen before"
    assert again.fresh.proven
    assert f"USN {first.replica.usn} of" in again.fresh.expected
    assert again.horizon == proof.horizon
    assert second.asked == []


def test_another_server_that_has_replicated_is_as_good(tmp_path: Path) -> None:
    first, second = replicas()
    with two_served(tmp_path, first, second) as (source, _):
        horizon = proof_of(read(source)).horizon
        source = without_the_first(source)
        proof = proof_of(read(source, Before(horizon)))
    assert proof.complete
    assert proof.fresh.proven


def test_a_server_that_is_behind_is_passed_over_for_one_that_is_not(tmp_path: Path) -> None:
    first, second = replicas()
    with two_served(tmp_path, second, first) as (source, _):
        horizon = proof_of(read(without_the_first(source))).horizon
        first.user("later")
        horizon = proof_of(read(without_the_first(source), Before(horizon))).horizon
        facts = read(source, Before(horizon))
    assert proof_of(facts).fresh.proven
    assert any(isinstance(fact, Entry) and fact.dn.startswith("CN=later") for fact in facts)


def test_where_every_server_is_behind_nothing_is_told_but_that(tmp_path: Path) -> None:
    first, second = replicas()
    with two_served(tmp_path, first, second) as (source, (_, behind)):
        first.user("later")
        horizon = proof_of(read(source)).horizon
        source = without_the_first(source)
        (proof,) = read(source, Before(horizon, b"where a delta would begin"))
        assert isinstance(proof, Proof)
        assert proof.complete and proof.delta
        assert not proof.fresh.proven
        assert proof.fresh.reason.startswith(f"{behind.url}: DC=test: the server does not have everything")
        assert decode(proof.horizon).positions == decode(horizon).positions
        second.pull(first)
        assert proof_of(read(source, Before(proof.horizon))).fresh.proven


def test_a_controller_that_came_back_from_a_backup_is_fresh_once_it_has_replicated(tmp_path: Path) -> None:
    first, second = replicas()
    with two_served(tmp_path, first, second) as (source, _):
        horizon = proof_of(read(source)).horizon
        first.restored_from_backup()
        first.cursors[_invocation(horizon, first)] -= 1  # the backup is older than what was seen
        assert not proof_of(read(only_the_first(source), Before(horizon))).fresh.proven
        first.pull(second)
        assert proof_of(read(only_the_first(source), Before(horizon))).fresh.proven


def test_a_controller_whose_numbers_went_back_is_not_fresh(tmp_path: Path) -> None:
    first, second = replicas()
    with two_served(tmp_path, first, second) as (source, _):
        source = only_the_first(source)
        horizon = proof_of(read(source)).horizon
        first.usn -= 1
        proof = proof_of(read(source, Before(horizon)))
    assert not proof.fresh.proven
    assert "fewer changes than it showed before" in proof.fresh.reason


def _invocation(horizon: bytes | None, replica: Replica) -> bytes:
    return next(writer for writer in replica.cursors if writer.hex() in (horizon or b"").decode())
