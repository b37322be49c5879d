"""Metrics of the operator, as a scrape shows them."""

import re
from collections.abc import Iterator
from typing import Any

from support.pages import coded, rows, section
from support.run_cases import NOW, change, config, failed, hold, ramp, run, stepped, tally
from support.scraped import OWN, scrape
from syncramp.model.cloud import Unwritable
from syncramp.model.drift import Drift
from syncramp.model.holds import Hold
from syncramp.model.proofs import PROOFS
from syncramp.model.ramps import Phase
from syncramp_operator.metrics.registry import Metrics
from syncramp_operator.status.conditions import KINDS
from syncramp_operator.status.facts import Facts

Object = dict[str, Any]


def step(metrics: Metrics, body: Object, *runs: Object) -> Object:
    """One step of the operator: the status is written, then it is measured."""
    facts = Facts(runs=runs)
    after = stepped(body, facts)
    metrics.observe(body, after, facts, NOW)
    return after


SENT = run(
    1,
    trigger="Created",
    objects=tally(20, held=5, refused=2),
    links=tally(100, held=90),
    changes=[change("Create", 13), change("Update", 2)],
    holds=[hold("Ramp", 90), hold("Newest", 5), hold("Newer", 1)],
    waiting=[{"class": "Deletes", "digest": "ab", "count": 5}],
    phases=[{"name": "import", "milliseconds": 1500}, {"name": "a new one", "milliseconds": 250}],
    ramps=[ramp(waiting=90)],
    exportLatency={"p50": 200, "p95": 900},
    removalLatency={"count": 2, "p50": 60_000, "p95": 90_000, "max": 90_500, "waiting": 1, "oldest": 7000},
    certificateValidUntil="2026-12-25T12:00:00Z",
    serviceInterval="30m",
    calls=7,
    writes=20,
    throttled=3,
    unconfirmed=4,
    lease={"holder": "h"},
)


def test_a_run_and_its_status_are_measured() -> None:
    metrics = Metrics()
    step(metrics, config(interval="10m"), SENT)
    found = scrape(metrics)
    assert found.of("syncramp_runs_total", result="Succeeded", trigger="Created") == 1
    assert found.of("syncramp_objects_total", result="acknowledged") == 13
    assert found.of("syncramp_objects_total", result="refused") == 2
    assert found.of("syncramp_links_total", result="acknowledged") == 10
    assert found.of("syncramp_changes_total", verb="create", kind="user") == 13
    assert found.of("syncramp_run_phase_seconds_total", phase="import") == 1.5
    assert found.of("syncramp_last_run_phase_seconds", phase="other") == 0.25
    assert found.of("syncramp_calls_total") == 7
    assert found.of("syncramp_writes_total") == 20
    assert found.of("syncramp_throttled_calls_total") == 3
    assert found.of("syncramp_condition", type="Ready") == 0
    assert found.of("syncramp_condition", type="DeletionsHeld") == 1
    assert found.of("syncramp_held_changes", hold="Ramp") == 90
    assert found.of("syncramp_held_changes", hold="other") == 6
    assert found.of("syncramp_held_deletes") == 5
    assert found.of("syncramp_pending_changes") == 97
    assert found.of("syncramp_in_cloud_objects", kind="users") == 90
    assert found.of("syncramp_ramp_waiting_members", ramp="large-groups", direction="Cloud") == 90
    assert found.of("syncramp_ramp_ceiling_members", ramp="large-groups", direction="Cloud") == 75_000
    assert found.of("syncramp_ramp_target_members", ramp="large-groups", direction="Cloud") == 250_000
    assert found.of("syncramp_ramp_step", ramp="large-groups", direction="Cloud") == 2
    assert found.of("syncramp_ramp_phase", ramp="large-groups", direction="Cloud", phase="Soaking") == 1
    assert found.of("syncramp_ramp_phase", ramp="large-groups", direction="Cloud", phase="Paused") == 0
    assert found.of("syncramp_export_latency_seconds", percentile="95") == 0.9
    assert found.of("syncramp_removal_latency_seconds", percentile="100") == 90.5
    assert found.of("syncramp_oldest_removal_seconds") == 7
    assert found.of("syncramp_unconfirmed_objects") == 4
    assert found.of("syncramp_interval_seconds") == 1800, "the service's, which is longer"
    assert found.of("syncramp_last_sync_timestamp_seconds") == (NOW.timestamp() - 600)
    assert found.of("syncramp_certificate_expiry_timestamp_seconds") == NOW.timestamp() + 30 * 86_400
    assert found.of("syncramp_suspended") == found.of("syncramp_run_active") == 0


def test_each_proof_of_a_source_is_measured() -> None:
    metrics = Metrics()
    blind = {"name": "corp", "complete": False, "entries": 3, "doubt": "SourceNotPermitted", "reason": "it is blind"}
    step(metrics, config(), run(1, sources=[blind, {"name": "labs", "complete": True, "entries": 4}]))
    found = scrape(metrics)
    told = {name: found.of("syncramp_source_proven", source="corp", proof=name) for name in PROOFS}
    assert told == {"complete": 1, "fresh": 1, "permitted": 0}
    assert {found.of("syncramp_source_proven", source="labs", proof=name) for name in PROOFS} == {1}


def test_the_slowest_part_of_a_source_counts_and_one_full_read_among_them() -> None:
    metrics = Metrics()
    parts = [("corp", 1500, True), ("corp", 250, False), ("labs", 500, True)]
    told = [{"name": name, "complete": True, "milliseconds": lasted, "delta": delta} for name, lasted, delta in parts]
    step(metrics, config(), run(1, sources=told))
    found = scrape(metrics)
    assert found.of("syncramp_last_import_seconds", source="corp") == 1.5
    assert found.of("syncramp_last_import_seconds", source="labs") == 0.5
    assert found.of("syncramp_last_import_delta", source="corp") == 0
    assert found.of("syncramp_last_import_delta", source="labs") == 1


def test_what_was_never_measured_has_no_series() -> None:
    metrics = Metrics()
    step(metrics, config())
    found = scrape(metrics)
    for name in ("last_sync_timestamp_seconds", "unconfirmed_objects", "oldest_removal_seconds"):
        assert found.of(f"syncramp_{name}") is None
    assert found.all("syncramp_removal_latency_seconds") == {}


def test_a_run_is_counted_once_however_often_it_is_seen() -> None:
    metrics = Metrics()
    body = step(metrics, config(), run(1), run(2, "Running"))
    body = step(metrics, body, run(1), run(2, "Running"))
    step(metrics, config(), run(1), run(2))  # the object as a watch showed it a while ago
    step(metrics, body, run(2), run(3))
    assert scrape(metrics).of("syncramp_runs_total", result="Succeeded", trigger="Interval") == 3


def test_a_new_process_counts_what_none_before_it_has_seen() -> None:
    before = step(Metrics(), config(), run(1), run(2))
    after = Metrics()
    step(after, before, run(1), run(2), failed(3, "EndpointUnavailable", "Retry"))
    assert scrape(after).all("syncramp_runs_total") == {
        frozenset((OWN | {"result": "Failed", "trigger": "Interval"}).items()): 1
    }


def test_an_object_made_anew_under_the_same_name_begins_at_zero() -> None:
    metrics = Metrics()
    step(metrics, config(), run(1), run(2))
    new = config()
    new["metadata"]["uid"] = "another"
    step(metrics, new, run(1))
    assert scrape(metrics).of("syncramp_runs_total", result="Succeeded", trigger="Interval") == 1


def test_series_go_with_their_syncconfig() -> None:
    metrics = Metrics()
    step(metrics, config(), SENT)
    assert scrape(metrics)[("syncramp_syncconfigs", frozenset())] == 1
    metrics.forget("identity", "contoso")
    assert not [labels for _, labels in scrape(metrics) if ("name", "contoso") in labels]
    assert scrape(metrics)[("syncramp_syncconfigs", frozenset())] == 0


def test_the_series_of_a_syncconfig_have_an_end_whatever_its_runs_say() -> None:
    metrics = Metrics()
    many = [f"name-{number}" for number in range(500)]
    wild = run(
        1,
        trigger="Wild",
        holds=[hold(name) for name in [*many, *Hold]],
        phases=[{"name": name, "milliseconds": 5} for name in many],
        ramps=[ramp(name) for name in many],
        changes=[{"verb": name, "kind": name, "acknowledged": 5} for name in many],
        inCloud=dict.fromkeys(many, 1),
        writeback={
            "holds": [hold(name) for name in [*many, *Hold]],
            "drift": [{"kind": name, "count": 1} for name in [*many, *Drift]],
            "unwritable": [{"reason": name, "count": 1} for name in [*many, *Unwritable]],
            "changes": [{"verb": name, "kind": "Group", "acknowledged": 1} for name in [*many, "Create"]],
        },
    )
    step(metrics, config(writeback={"groups": {"source": "corp"}}), wild)
    found = scrape(metrics)
    assert len(found.all("syncramp_held_changes")) == len(Hold) + 1
    assert len(found.all("syncramp_ramp_phase")) == 18 * len(Phase)
    assert len(found.all("syncramp_condition")) == len(KINDS)
    assert found.of("syncramp_runs_total", result="Succeeded", trigger="other") == 1
    assert len(found.all("syncramp_writeback_held")) == len(Hold) + 1
    assert len([labels for _, labels in found if ("name", "contoso") in labels]) < 400


def test_the_lease_is_held_while_the_run_under_way_says_so() -> None:
    metrics = Metrics()
    step(metrics, config(), run(1, "Running", lease={"holder": "h"}))
    assert scrape(metrics).of("syncramp_tenant_lease_held") == scrape(metrics).of("syncramp_run_active") == 1
    step(metrics, config(), run(1, lease={"holder": "h"}))
    assert scrape(metrics).of("syncramp_tenant_lease_held") == 0


def test_the_operator_tells_of_itself() -> None:
    metrics = Metrics()
    metrics.leads, metrics.queued, metrics.running = True, 3, 2
    found = scrape(metrics)
    assert found[("syncramp_leader", frozenset())] == 1
    assert found[("syncramp_queued_runs", frozenset())] == 3
    assert found[("syncramp_active_runs", frozenset())] == 2
    assert len(found.all("syncramp_build_info")) == 1


def families() -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Name, type, labels and sentence of all that the registry knows, those of the process aside."""
    for found in Metrics().describe():
        ending = "_total" if found.type == "counter" else ""
        yield found.name + ending, found.type, tuple(found._labelnames), found.documentation


def test_names_follow_the_conventions_of_prometheus() -> None:
    for name, kind, labels, sentence in families():
        assert re.fullmatch(r"syncramp_[a-z_]+", name)
        assert name.endswith("_total") == (kind == "counter")
        assert not re.search(r"_(milliseconds|minutes|days|ms|percent)\b", name), "base units"
        assert sentence.endswith((".", "1.")) and sentence[0].isupper()
        assert not {"le", "job", "instance"} & set(labels)


def test_the_page_lists_every_metric_with_its_labels_and_no_other() -> None:
    told = [
        (coded(row[0])[0], row[1], tuple(coded(row[2])), row[3])
        for heading in ("## Of a SyncConfig", "## Of its runs", "## Of the operator")
        for row in rows(section("docs/metrics.md", heading))
    ]
    own = ("namespace", "name")
    assert told == [
        (name, kind, labels[2:] if labels[:2] == own else labels, sentence)
        for name, kind, labels, sentence in families()
    ]
