"""Before mode Sync sends anything, the document names a profile of the endpoint, or takes the wire as it is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.walk import Walk, walking
from syncramp.endpoint.profile import OLD


@pytest.fixture
def walk(tmp_path: Path):
    with walking(tmp_path) as made:
        yield made


def _endpoint(walk: Walk) -> dict[str, Any]:
    endpoint: dict[str, Any] = walk.spec["target"]["endpoint"]
    return endpoint


def _profile(walk: Walk) -> Path:
    return walk.folder / "secrets" / "simulator-wire" / "profile.yaml"


def _without(walk: Walk) -> None:
    del _endpoint(walk)["profile"]


UNVERIFIED = "The wire is unverified: no profile is named, "


def test_mode_sync_without_a_profile_sends_nothing_and_names_both_ways_out(walk: Walk) -> None:
    _without(walk)
    walk.sync().assert_error(3, "the wire is unverified", "syncramp endpoint probe", "profile", "unverified: true")
    assert (walk.exports, walk.in_cloud(), sum(walk.tenant.calls.values())) == (0, set(), 0)
    assert not walk.state.exists() or walk.status().out == "No run yet.\n"


def test_what_sends_nothing_needs_no_profile(walk: Walk) -> None:
    _without(walk)
    assert walk.here("plan").code == 2
    for mode in ("Plan", "Staging"):
        walk.spec["mode"] = mode
        done = walk.here("sync")
        assert done.code == 2
        assert f"{UNVERIFIED}which mode Sync needs\n" in done.out
    assert walk.exports == 0


def test_a_wire_that_is_taken_as_it_is_is_told_in_every_report(walk: Walk) -> None:
    _without(walk)
    _endpoint(walk)["unverified"] = True
    done = walk.here()
    assert done.code == 0
    walk.assert_cloud_matches()
    line = f"{UNVERIFIED}and spec.target.endpoint.unverified takes it so\n"
    assert line in done.out and line in walk.again("status").out
    wire = walk.again("status", "-o", "json").json["wire"]
    assert (wire["probed"], wire["accepted"]) == ("", True)


def test_with_a_profile_the_status_tells_its_date_and_the_run_says_nothing_more(walk: Walk) -> None:
    done = walk.here()
    assert done.code == 0
    assert "ire" not in done.out.split("Source corp")[0]
    probed = walk.again("status", "-o", "json").json["wire"]["probed"]
    assert probed in _profile(walk).read_text()
    assert f"Wire profile of {probed[:10]} {probed[11:19]} UTC, made of {walk.host} by" in walk.again("status").out


def test_an_old_profile_still_counts_and_asks_for_a_new_one(walk: Walk) -> None:
    walk.here()
    text = _profile(walk).read_text()
    old = datetime.now(UTC) - OLD - timedelta(days=1)
    (line,) = [line for line in text.splitlines() if line.startswith("probed: ")]
    _profile(walk).write_text(text.replace(line, f"probed: '{old:%Y-%m-%dT%H:%M:%SZ}'"))
    done = walk.here()
    assert done.code == 0
    assert "Warning: the wire profile is 181 days old; make it again" in done.out


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("host: ", "host: elsewhere.example # ", "is one of elsewhere.example, not of 127.0.0.1"),
        ("cloud: Commercial", "cloud: China", "is one of the cloud China, not of Commercial"),
        ("version: 1", "version: 9", "version must be 1"),
        ("facts:", "facts: ]", "this is no YAML"),
    ],
)
def test_a_profile_of_something_else_is_refused(walk: Walk, old: str, new: str, words: str) -> None:
    _profile(walk).write_text(_profile(walk).read_text().replace(old, new, 1))
    for command in ("sync", "plan"):
        walk.here(command).assert_error(3, "ConfigMap simulator-wire, key profile.yaml", words)
    assert sum(walk.tenant.calls.values()) == 0


def test_a_profile_that_is_not_there_is_refused_even_if_the_wire_may_be_unverified(walk: Walk) -> None:
    _profile(walk).unlink()
    _endpoint(walk)["unverified"] = True
    walk.here().assert_error(3, "simulator-wire has no readable key profile.yaml")


def test_names_that_nobody_could_recognise_are_read_by_the_profile(tmp_path: Path) -> None:
    with walking(tmp_path, cookie_member="Watermark", more_member="HasNext", page_size=2) as walk:
        walk.here().assert_error(1, "the end of the read-back was not marked in a form we know")
        text = _profile(walk).read_text()
        for fact, name in (("cookieMember", "Watermark"), ("moreMember", "HasNext")):
            head, _, tail = text.partition(f"readBack.{fact}:")
            text = head + f"readBack.{fact}:" + tail.replace("observed: null", f"observed: {name}", 1)
        _profile(walk).write_text(text)
        assert walk.here().code == 0
        walk.assert_cloud_matches()


def test_links_are_sent_in_calls_as_large_as_the_profile_saw(tmp_path: Path) -> None:
    with walking(tmp_path) as walk:
        path = _profile(walk)
        path.write_text(path.read_text().replace("observed: 15000", "observed: 1", 1))
        assert walk.here("sync", "-o", "json").json["calls"] == 1 + 2  # all objects, and each link alone
