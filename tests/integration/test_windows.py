"""Sync windows and full runs by the command line, against the simulator over TLS."""

from datetime import UTC, datetime
from pathlib import Path

from support.walk import Forest, anchor, walking


def test_leavers_go_while_everything_else_waits_for_a_window(tmp_path: Path) -> None:
    with walking(tmp_path) as walk:
        walk.forest = Forest.of(5, {501: [1, 2, 3]})
        assert walk.here().code == 0
        hour = datetime.now(UTC).hour
        walk.spec["syncWindows"] = [{"kind": "Deny", "schedule": f"0 {hour} * * *", "duration": "2h"}]
        walk.forest.people[1] = {"userAccountControl": "514", "title": "gone"}
        walk.forest.people[6] = {}
        walk.forest.groups[501] = [1, 3, 4]
        waits = (
            f"Sync windows: growth waits, because the sync window Deny '0 {hour} * * *' for 2h (UTC) is open until"
        )
        assert waits in walk.here("plan").out
        done = walk.again("sync", "-o", "json")
        assert done.code == 2
        assert done.json["holds"] == {"OutsideSyncWindow": 3}
        assert done.json["windows"]["open"] is False
        assert done.json["done"]["Update"]["User"] == done.json["links"]["acknowledged"] == 1
        assert done.json["removal_latency"]["count"] == 2
        assert "title" not in walk.attributes(1)
        assert walk.in_cloud() == {anchor(number) for number in (1, 2, 3, 4, 5, 501)}
        status = walk.again("status")
        assert status.code == 2 and status.out.count(waits) == 1
        assert "OutsideSyncWindow" in walk.again("explain", "CN=User 6,OU=People,DC=corp,DC=example,DC=com").out
        del walk.spec["syncWindows"]
        full = walk.here("sync", "--full", "-o", "json")
        assert full.code == 0 and full.json["full"] is True
        read = {phase["name"]: phase["objects"] for phase in full.json["phases"]}
        assert read["read back"] >= 6 and read["synchronise"] == 7
        assert "Sync windows" not in walk.again("status").out
        walk.assert_cloud_matches()
        walk.assert_state_true()
