"""The same walk in front of tenants that answer otherwise than by default: the engine gets by with each of them."""

from pathlib import Path
from typing import Any

import pytest

from support.walk import walking
from syncramp.simulator.settings import (
    FEATURES,
    Attributes,
    DeltaCreates,
    MemberForm,
    Repeated,
    Restored,
    ToldOperation,
)

TENANTS: dict[str, dict[str, Any]] = {
    "a strict schema": {"attributes": Attributes.REFUSE},
    "repeated changes refused": {"repeated_changes": Repeated.REFUSE},
    "operations echoed": {"told_operation": ToldOperation.ECHO},
    "new objects told as set": {"delta_creates": DeltaCreates.SET},
    "members as a list": {"member_form": MemberForm.LIST},
    "teams and users of the cloud": {"microsoft365_groups": 2, "cloud_users": 3},
    "every domain verified": {"verified_domains": ("corp.example.com",)},
    "nothing matched softly": {"features": FEATURES | 524_288},
    "memberships lost in the bin": {"restored_memberships": Restored.LOSE},
    "links that count": {"writes_per_five_minutes": 1000, "links_per_write": 1},
}


@pytest.mark.parametrize("settings", TENANTS.values(), ids=TENANTS)
def test_a_sync_a_change_and_a_return_end_in_step(tmp_path: Path, settings: dict[str, Any]) -> None:
    with walking(tmp_path, **settings) as walk:
        assert walk.here().code == 0
        walk.assert_cloud_matches()
        leaver, members = walk.forest.people.pop(2), walk.forest.groups[101]
        walk.forest.groups[101] = [1]
        for _ in range(3):
            walk.here()
        walk.assert_cloud_matches()
        walk.forest.people[2], walk.forest.groups[101] = leaver, members
        for _ in range(2):
            walk.here()
        walk.assert_cloud_matches()
        done = walk.here()
        assert done.code == 0, done
