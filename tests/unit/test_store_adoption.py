"""The adoption as the store remembers it."""

from dataclasses import replace
from pathlib import Path

from syncramp.model.adoption import Adoption, Stage
from syncramp.source import dn
from syncramp.store.store import Store


def test_an_adoption_is_remembered_with_its_stage_over_a_restart(tmp_path: Path) -> None:
    adoption = Adoption(12.5, "Ann", 3, "ab12", {"Matched": 7})
    store = Store(tmp_path / "state.db", dn.key)
    assert store.adoption.read() is None and not store.adoption.adopted
    store.adoption.write(adoption)
    store.adoption.write(replace(adoption, stage=Stage.TENTH, released_by="Bob", released_at=14.0))
    store.close()
    again = Store(tmp_path / "state.db", dn.key)
    kept = again.adoption.read()
    assert kept == replace(adoption, stage=Stage.TENTH, released_by="Bob", released_at=14.0)
    assert kept.stage is Stage.TENTH and again.adoption.adopted
    again.close()
