"""A whole walk with a computer in the file: a document that does not ask for it does not see it."""

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.build import BASE
from support.computers import certificate, guid_text
from support.walk import Walk, anchor, walking

PC = 7


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as made:
        made.forest.people[PC] = {
            "objectClass": "user\nobjectClass: computer",
            "operatingSystem": "Windows 11 Enterprise",
            "operatingSystemVersion": "10.0 (26100)",
            "userCertificate:": b64encode(certificate(guid_text(PC))).decode(),
        }
        yield made


def _ask_for(walk: Walk, *kinds: str) -> None:
    walk.spec["sources"][0]["scope"] = [{"dn": BASE, "kinds": list(kinds)}]


def test_a_computer_is_not_read_where_nobody_asks_for_devices(walk: Walk) -> None:
    done = walk.here()
    assert done.code == 0
    assert "Devices" not in done.out and "Device" not in done.err
    assert anchor(PC) not in walk.in_cloud()
    assert len(walk.in_cloud()) == 4


def test_a_registered_computer_is_a_device_where_its_scope_says_so_and_leaves_with_the_kind(walk: Walk) -> None:
    _ask_for(walk, "User", "Group", "Contact", "Device")
    done = walk.here()
    assert done.code == 0
    lines = [line.split() for line in done.out.splitlines()]
    head = lines.index(["Users", "Groups", "Contacts", "Devices"])
    assert lines[head + 1] == ["Create", "3", "1", "0", "1"]
    walk.assert_cloud_matches()
    shown = walk.attributes(PC)
    assert shown["DeviceTrustType"] == "ServerAd"
    assert shown["UserCertificate"] == (certificate(guid_text(PC)),)
    _ask_for(walk, "User", "Group", "Contact")
    for _ in range(3):
        assert "Held 1 (CausedByConfiguration)" in walk.here().out
    assert anchor(PC) in walk.in_cloud()
    (waiting,) = json.loads(walk.here("approve", "-o", "json").out)["waiting"]
    walk.here("approve", waiting["digest"])
    walk.here()
    assert anchor(PC) not in walk.in_cloud()
    assert len(walk.in_cloud()) == 4
