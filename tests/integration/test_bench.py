"""What `make bench` and `make bench-parts` measure is done, and counted, and nothing else."""

import json
import shutil
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from bench import cycle, joined, ldap, peer, plan, synchronise, written
from bench.directory import forest_of, groups, write
from bench.found import Found
from bench.sources import DIRSYNC, SYNCREPL
from bench.synchronise import CHANGED, Measured, exponent, measure, table
from support.postgresql import requires_postgresql
from support.slapd import requires_slapd
from syncramp.source import dn
from syncramp.store.store import Store

PEOPLE = 600


@pytest.fixture(scope="module")
def found() -> Measured:
    return measure(PEOPLE, rounds=1)


@requires_slapd
def test_every_entry_is_imported_and_synchronised_and_of_the_changed_ones_only_those(found: Measured) -> None:
    everything = PEOPLE + PEOPLE // 150
    assert found.imported.objects == found.synchronised.objects == found.imported_again.objects == everything
    assert found.imported.links == found.imported_again.links == found.links
    assert found.changed.objects == CHANGED
    assert min(found.changed.seconds, found.synchronised.seconds) > 0


@requires_slapd
def test_what_was_measured_is_told_to_people_and_machines(found: Measured) -> None:
    larger = replace(found, people=10 * PEOPLE, synchronised=replace(found.synchronised, seconds=1e9))
    told = table([found, larger])
    assert (
        f"{found.links:,}" in told
        and f"{found.ratio:.2f}" in told
        and f"power {exponent([found, larger]):.2f}" in told
    )
    assert json.loads(json.dumps(asdict(found)))["people"] == PEOPLE


def test_a_machine_without_a_server_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["bench.synchronise"])
    monkeypatch.setattr(shutil, "which", lambda tool, path: None if tool == "slapd" else tool)
    with pytest.raises(SystemExit, match="^slapd is missing; Debian: apt-get install slapd ldap-utils$"):
        synchronise.main()


def test_groups_have_a_long_tail_and_as_many_links_as_are_told(tmp_path: Path) -> None:
    sizes = [len(group.people) for group in groups(forest_of(30_000))]
    assert len(sizes) == 200 and sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 30_000 / 10 and sizes[-1] < 200
    assert abs(sum(sizes) - 100_000) < 1_000
    links = write(tmp_path / "small.ldif", 300)
    assert links == sum(len(group.people) for group in groups(forest_of(300)))


def test_the_people_of_two_forests_are_joined_and_both_ways_to_judge_them_measured(tmp_path: Path) -> None:
    entries, full, changed, peak = joined.measure(PEOPLE, tmp_path)
    assert entries == 2 * (PEOPLE + PEOPLE // 150)
    assert min(full, changed, peak) > 0  # how they compare is told by `make bench-parts`
    with closing(Store(tmp_path / "store.db", dn.key)) as store:
        assert store.database.value("SELECT COUNT(*) FROM joined") == PEOPLE


def test_everything_is_planned_then_nothing_and_then_the_one_that_changed() -> None:
    found = plan.measure(PEOPLE, rounds=1, members=1_000)
    everything = PEOPLE + PEOPLE // 150
    assert [row.objects for row in found.plans] == [everything, 0, 1]
    assert [row.links for row in found.plans] == [found.links, 0, 0]
    assert all(row.seconds > 0 and row.scan > 0 and row.peak > 0 for row in found.plans)
    told = plan.table(found)
    assert all(row.what in told for row in found.plans) and "1,000 members compared" in told
    assert json.loads(json.dumps(asdict(found)))["plans"][0]["objects"] == everything


@requires_slapd
def test_every_client_reads_the_same_and_groups_come_whole_in_ranges() -> None:
    found = ldap.measure(PEOPLE, rounds=1)
    assert {"Syncramp", "ldap3"} <= found.rows[0].costs.keys()
    assert ("python-ldap" in found.rows[0].costs) is not bool(found.skipped)
    everything = {row.what: {cost.values for cost in row.costs.values()} for row in found.rows}
    assert everything == {
        f"{PEOPLE:,} people": {PEOPLE * 13},
        f"{PEOPLE // 24:,} members": {PEOPLE // 24},
        f"{PEOPLE // 6 * 5:,} members": {PEOPLE // 6 * 5},
    }
    assert [group.members for group in found.ranges] == [PEOPLE // 8, PEOPLE // 4, PEOPLE // 2, PEOPLE]
    assert [(row.people, row.tracking) for row in found.deltas] == [
        (PEOPLE // 100, "DirSync"),
        (PEOPLE // 10, "DirSync"),
    ]
    told = ldap.table(found)
    assert all(row.what in told for row in found.rows) and f"power {ldap.exponent(found.ranges):.2f}" in told
    assert json.loads(json.dumps(asdict(found)))["people"] == PEOPLE


def test_members_written_to_a_group_are_measured_at_the_double() -> None:
    found = written.in_a_double(60, 25)
    assert (found.members, found.server) == (60, "the double")
    assert found.seconds > 0 < found.median
    assert "60 members in" in written.line(found)


@requires_slapd
def test_the_whole_cycle_is_measured_with_both_directories(tmp_path: Path) -> None:
    cycle.main(["--people", str(PEOPLE), "--objects", "30", "--cold", "--out", str(tmp_path)])
    found = Found.read(tmp_path / "cycle-file.json")
    assert [one.directory for one in found.measured] == [SYNCREPL, DIRSYNC]
    everything, links = PEOPLE + PEOPLE // 150, found.measured[0].links
    for one in found.measured:
        first, nothing, changed, member = one.runs
        assert (one.links, first.linked, changed.linked, member.linked) == (links, links, 0, 1)
        assert [nothing.exported, changed.exported, member.exported] == [0, PEOPLE // 100, 1]
        assert first.row("import").links == first.row("plan").links == links
        assert first.row("plan").objects == everything <= first.exported  # a group comes again with its members
        assert {"start", "between", "import", "plan", "export", "confirm", "end"} <= {row.name for row in first.rows}
        for run in one.runs:
            assert all(row.cpu >= 0 and row.wall >= 0 and row.peak for row in run.rows)
            assert sum(row.calls for row in run.rows) == run.whole.calls > 0
            assert run.servers.keys() == {"directory", "tenant"} and run.store
    sent = found.measured[0].run("first sync").row("export")
    assert sent.calls > everything / 30 and sent.sent > 1000 * everything
    assert "1 link on the wire" in (tmp_path / "cycle-file.md").read_text("utf-8")
    assert "30 objects in a call" in (tmp_path / "cycle-file.svg").read_text("utf-8")


@requires_slapd
@requires_postgresql
def test_the_whole_cycle_is_measured_with_the_store_in_a_server(tmp_path: Path) -> None:
    (found,) = cycle.measure(PEOPLE, [500], store="postgresql", doubled=False)
    assert found.store == "postgresql" and found.run("one member added").linked == 1
    assert all(run.servers["store"] > 0 and run.store > 1_000_000 for run in found.runs)


def test_the_open_peer_sends_each_object_alone_and_a_group_whole(tmp_path: Path) -> None:
    first, changed, member = peer.measure(PEOPLE).rows
    assert (first.calls, first.objects) == (604, 604)
    assert (changed.calls, changed.links) == (PEOPLE // 100, 0)
    assert (member.calls, member.links) == (1, PEOPLE // 6 * 5)
