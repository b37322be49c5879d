"""What a change follows from: a directory, the document, or a release with other default rules."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from support.build import SCOPE, group, guid, user, user_dn
from support.engine import Engine
from support.model import Asked
from syncramp.model.facts import Entry
from syncramp.model.plan import Plan
from syncramp.model.values import Kind
from syncramp.report.text import plan_lines
from syncramp.rules import mapping, ruleset
from syncramp.rules.ruleset import Ruleset
from syncramp.rules.values import text
from syncramp.spec.types import Scope

NEXT = ruleset.RULES_VERSION + 1
TOLD = f"follow from the upgrade of Syncramp (default rules {NEXT - 1} → {NEXT}), not from a directory"


@dataclass
class Configured(Engine):
    """An engine whose scope is another one from some run on."""

    scope: Scope = SCOPE

    def rules(self, name: str) -> Ruleset:
        return Ruleset((self.scope,), self.config.source_anchor, name)


@pytest.fixture
def engine(tmp_path) -> Configured:
    source = Asked()
    source.add(*(user(number, shoeSize="42") for number in (1, 2, 3)), group(101))
    source.members[guid(101)] = [user_dn(1)]
    made = Configured(tmp_path / "state.db", sources=[source])
    made.settle()
    return made


def _upgrade(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release in which users have one more attribute."""
    monkeypatch.setattr(ruleset, "RULES_VERSION", NEXT)
    tables = {
        (kind, known): {**table, "shoesize": ("shoeSize", text)} if kind is Kind.USER else table
        for (kind, known), table in mapping._TABLES.items()
    }
    monkeypatch.setattr(mapping, "_TABLES", tables)
    monkeypatch.setattr(mapping, "READ", mapping.READ | {"shoesize"})


def _lines(engine: Engine, *, sends: bool = False) -> tuple[Plan, Sequence[str]]:
    report, plan = engine.run(sends=sends)
    return plan, list(plan_lines(plan, report))


def _change(engine: Engine, entry: Entry) -> None:
    engine.source.add(entry)


def test_what_a_directory_says_follows_from_it(engine) -> None:
    _change(engine, user(1, shoeSize="42", title="Director"))
    _change(engine, user(4))
    plan, lines = _lines(engine)
    assert plan.origins == {"Source": 2} and plan.upgrade is None
    assert not any("these changes" in line for line in lines)


def test_what_a_release_changes_is_told_as_the_upgrade(engine, monkeypatch) -> None:
    _upgrade(monkeypatch)
    plan, lines = _lines(engine)
    assert plan.attributes == {"shoeSize": 3}
    assert plan.origins == {"Upgrade": 3} and plan.upgrade == (NEXT - 1, NEXT)
    assert f"  3 of these changes {TOLD}" in lines


def test_what_an_older_release_read_is_compared_as_far_as_it_goes(engine, monkeypatch) -> None:
    with engine.store() as store:
        store.database.run("UPDATE sources SET wanted = NULL, version = NULL")
    _upgrade(monkeypatch)
    _change(engine, user(1, shoeSize="42", displayName="Ann"))
    plan, _ = _lines(engine)
    assert plan.origins == {"Source": 1, "Upgrade": 2}


def test_what_is_asked_for_no_more_follows_from_no_directory(engine, monkeypatch) -> None:
    with monkeypatch.context() as patched:
        _upgrade(patched)
        _lines(engine, sends=True)
    plan, _ = _lines(engine)
    assert plan.attributes == {"shoeSize": 3} and plan.origins == {"Upgrade": 3}


def test_whom_a_directory_changes_too_follows_from_the_directory(engine, monkeypatch) -> None:
    _upgrade(monkeypatch)
    _change(engine, user(1, shoeSize="42", title="Director"))
    plan, lines = _lines(engine)
    assert plan.origins == {"Source": 1, "Upgrade": 2}
    assert f"  2 of these changes {TOLD}" in lines


def test_a_change_in_a_directory_that_follows_later_wins_and_an_upgrade_that_follows_does_not(
    engine, monkeypatch
) -> None:
    _change(engine, user(1, shoeSize="42", title="Director"))
    _lines(engine)
    _upgrade(monkeypatch)
    _lines(engine)
    _change(engine, user(2, shoeSize="43"))
    plan, lines = _lines(engine)
    assert plan.origins == {"Source": 2, "Upgrade": 1}
    assert f"  1 of these changes {TOLD.replace('follow', 'follows', 1)}" in lines


def test_nothing_is_left_of_an_upgrade_that_was_exported(engine, monkeypatch) -> None:
    _upgrade(monkeypatch)
    _lines(engine, sends=True)
    with engine.store() as store:
        assert store.database.all("SELECT DISTINCT origin FROM objects") == [(0,)]
        assert store.database.value("SELECT COUNT(*) FROM dirty") == 0
    _change(engine, user(1, shoeSize="42", title="Director"))
    plan, _ = _lines(engine)
    assert plan.origins == {"Source": 1} and plan.upgrade is None


def test_an_upgrade_that_changes_nothing_of_anybody_is_not_told(engine, monkeypatch) -> None:
    monkeypatch.setattr(ruleset, "RULES_VERSION", NEXT)
    plan, _ = _lines(engine)
    assert plan.empty and plan.origins == {}


def test_what_another_scope_changes_follows_from_the_document(engine) -> None:
    engine.scope = Scope(SCOPE.dn, SCOPE.kinds, "(!(cn=User 2))")
    plan, lines = _lines(engine)
    assert plan.holds == {"CausedByConfiguration": 1} and plan.counts == {}
    engine.run()
    engine.approve()
    plan, lines = _lines(engine)
    assert plan.counts == {"Delete": {"User": 1}} and plan.origins == {"Configuration": 1}
    assert "  1 of these changes follows from a change of the document, not from a directory" in lines


def test_whom_a_release_leaves_out_waits_for_a_person_whatever_else_changes(engine, monkeypatch) -> None:
    monkeypatch.setattr(ruleset, "RULES_VERSION", NEXT)
    before = ruleset.excluded
    monkeypatch.setattr(ruleset, "excluded", lambda entry: "new" if entry.dn == user_dn(2) else before(entry))
    for _ in range(2):
        report, _ = engine.run()
        assert report.holds == {"CausedByConfiguration": 1}
        assert "Syncramp was upgraded" in report.hold_samples["CausedByConfiguration"][0].detail
        _change(engine, user(2, shoeSize="42", title="Director"))
    engine.source.entries.pop(guid(3))  # no leaver waits for that
    for _ in range(2):
        engine.run()
    assert engine.anchor(user(3)) not in engine.cloud.objects
    engine.settle(approving=True)
    assert engine.anchor(user(2)) not in engine.cloud.objects


def test_a_document_that_changes_with_an_upgrade_is_the_stronger_reason(engine, monkeypatch) -> None:
    engine.scope = Scope(SCOPE.dn, SCOPE.kinds, "(!(cn=User 2))")
    _upgrade(monkeypatch)
    plan, _ = _lines(engine)
    assert plan.origins == {"Configuration": 2} and plan.upgrade is None
    assert plan.holds == {"CausedByConfiguration": 1}


def test_who_referred_to_somebody_that_left_follows_from_nothing_new(engine) -> None:
    _change(engine, user(3, shoeSize="42", manager=user_dn(2)))
    engine.settle()
    engine.scope = Scope(SCOPE.dn, SCOPE.kinds, "(!(cn=User 2))")
    engine.run()
    engine.approve()
    engine.run()
    plan, _ = _lines(engine)
    assert plan.attributes == {"manager": 1} and plan.origins == {"Other": 1}


def test_who_refers_to_somebody_that_comes_by_a_new_scope_follows_from_the_document(engine) -> None:
    _change(engine, user(3, shoeSize="42", manager=user_dn(2)))
    engine.scope = Scope(SCOPE.dn, SCOPE.kinds, "(!(cn=User 2))")
    engine.settle(approving=True)
    engine.scope = SCOPE
    plan, _ = _lines(engine)
    assert plan.attributes == {"manager": 1} and plan.origins == {"Configuration": 1, "Restoration": 1}


def test_who_was_gone_in_the_cloud_follows_from_no_directory(engine) -> None:
    with engine.store() as store:
        store.database.run("UPDATE objects SET acked = NULL WHERE kind = 'Group'")
    plan, _ = _lines(engine)
    assert plan.origins == {"Other": 1}
