"""Whoever comes back into the directory, and into the groups there that the cloud took away meanwhile."""

from dataclasses import replace
from pathlib import Path

import pytest

from support.build import guid
from support.tenant_model import Tenant
from support.written_engine import WrittenEngine, written_back
from syncramp.spec.types import DriftMode


class Returning:
    """Two people in a group; one is deleted in the directory, taken out in the cloud, and restored in the directory,
    which has the account in the group as before and does not say that the group changed.
    """

    def __init__(self, path: Path, drift: DriftMode) -> None:
        self.engine = WrittenEngine(path / "state.db", Tenant())
        self.engine.config = replace(self.engine.config, writeback=written_back(drift=drift))
        self.engine.employ(1, 2)
        self.engine.settle()
        self.engine.tenant.given(1, self.engine.cloud_anchors(1, 2))
        self.engine.settle_back()
        leaver = self.engine.cloud_anchors(2)
        del self.engine.source.entries[guid(2)]
        self.engine.directory.vanish(guid(2))
        self.engine.run()
        self.engine.tenant.leave(1, *leaver)
        self.engine.run()
        self.engine.employ(2)
        assert self.engine.shown(1) == {1, 2}


@pytest.mark.parametrize("drift", list(DriftMode))
def test_who_is_restored_in_a_group_that_the_cloud_took_away_is_out_of_it_again(
    tmp_path: Path, drift: DriftMode
) -> None:
    """The directory brought the membership back, which is no edit of a person, so it ends however edits are taken."""
    scene = Returning(tmp_path, drift)
    scene.engine.run()
    assert scene.engine.shown(1) == {1}
