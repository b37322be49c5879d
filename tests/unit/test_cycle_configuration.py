"""Who leaves because of the document, and not because of the directory, waits for a person."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from support.build import BASE, SCOPE, config, group, guid, user, user_dn
from support.engine import Engine, crashing, links
from support.model import Asked, Crash, ListSource
from syncramp.errors import SourceUnavailable
from syncramp.model.facts import Fact, Links
from syncramp.model.seams import Known
from syncramp.model.state import Origin
from syncramp.model.values import Kind
from syncramp.plan.changes import object_change
from syncramp.rules.own import own_rules
from syncramp.rules.ruleset import Ruleset
from syncramp.source import dn
from syncramp.spec.types import EndpointOverrides, Join, JoinBy, Rule, Scope
from syncramp.store.documents import Documents

PEOPLE = Scope(f"OU=People,{BASE}", frozenset(Kind))
OTHERS = Scope(f"OU=Others,{BASE}", frozenset(Kind))
GROUPS = Scope(f"OU=Groups,{BASE}", frozenset(Kind))
NO_BOSS = Scope(SCOPE.dn, SCOPE.kinds, "(!(title=Boss))")
HELD = {"CausedByConfiguration": 1}


@dataclass
class Based(ListSource):
    """A directory of which only what lies below some DNs is read, as over LDAP."""

    bases: Sequence[str] = (BASE,)

    def reads(self, kind: Kind, place: str) -> bool:
        return any(dn.is_below(place, base) for base in self.bases)

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        shown = {key for key, entry in self.entries.items() if self.reads(entry.kind, entry.dn)}
        for fact in super().read(partition, wanted, known):
            if isinstance(fact, Links) or not hasattr(fact, "guid") or fact.guid in shown:
                yield fact


@dataclass
class Unsteady(Asked):
    """A directory that may be out of reach."""

    away: bool = False

    def partitions(self) -> Sequence[str]:
        if self.away:
            raise SourceUnavailable("no server answers")
        return super().partitions()


@dataclass
class Configured(Engine):
    """An engine whose scopes are others from some run on."""

    scopes: Sequence[Scope] = (SCOPE,)
    of_source: dict[str, Sequence[Scope]] = field(default_factory=dict)

    def use(self, *scopes: Scope) -> None:
        self.scopes = scopes
        if isinstance(self.source, Based):
            self.source.bases = [scope.dn for scope in scopes]

    def rules(self, name: str) -> Ruleset:
        return Ruleset(
            self.of_source.get(name, self.scopes),
            self.config.source_anchor,
            name,
            own_rules(self.config, name),
            joins=self.config.joins,
            declared=self.config.attributes,
            among=[source.name for source in self.sources],
        )

    @property
    def origins(self) -> dict[int, Origin]:
        """Why objects leave."""
        with self.store() as store:
            return {state.id: state.origin for state in store.snapshot().differing() if state.desired is None}


@pytest.fixture(params=[ListSource, Based])
def engine(tmp_path, request: pytest.FixtureRequest) -> Configured:
    source = request.param()
    source.add(user(1, title="Clerk"), user(2, "Others", title="Clerk"), user(3, title="Clerk"), group(101))
    source.members[guid(101)] = [user_dn(1), user_dn(2, "Others")]
    made = Configured(tmp_path / "state.db", sources=[source])
    made.settle()
    made.cloud.calls.clear()
    return made


def _die(*_: object) -> None:
    raise Crash


def there(engine: Engine) -> set[str]:
    return {str(held.values.get("displayName")) for held in engine.cloud.objects.values() if held.kind == "User"}


EVERYBODY = {"User 1", "User 2", "User 3"}


def test_who_is_in_a_place_that_the_document_dropped_waits_with_the_memberships_for_ever(engine: Configured) -> None:
    engine.use(PEOPLE, GROUPS)
    for _ in range(5):
        _, plan = engine.run()
        assert plan.holds == HELD and plan.objects == plan.links == 0
    assert there(engine) == EVERYBODY and engine.sent == []
    engine.approve()
    engine.settle()
    assert there(engine) == {"User 1", "User 3"}


def test_who_is_held_stays_when_the_document_keeps_them_again(engine: Configured) -> None:
    engine.use(PEOPLE, GROUPS)
    for _ in range(3):
        engine.run()
    engine.use(SCOPE)
    report, plan = engine.run()
    assert plan.empty and report.settled and engine.sent == []


def test_another_change_of_the_document_ends_no_hold(engine: Configured) -> None:
    engine.use(PEOPLE, GROUPS)
    engine.run()
    engine.use(Scope(PEOPLE.dn, PEOPLE.kinds, "(cn=*)"), GROUPS)
    for _ in range(3):
        _, plan = engine.run()
        assert plan.holds == HELD
    engine.use(NO_BOSS)
    assert engine.run()[1].empty


def test_whom_directory_and_document_leave_out_in_one_run_is_told_from_whom_the_document_alone_does(
    engine: Configured,
) -> None:
    """A title alone would have kept user 1; user 3 moves where the document before would not follow either."""
    engine.use(SCOPE, OTHERS)
    engine.settle()
    engine.use(Scope(PEOPLE.dn, PEOPLE.kinds, "(title=Clerk)"), OTHERS, GROUPS)
    engine.source.add(user(1, title="Boss"), user(2, "Others", title="Boss"))
    _, plan = engine.run()
    assert plan.holds == HELD and set(engine.origins.values()) == {Origin.CONFIGURATION}
    engine.source.add(user(3, title="Boss"))
    _, plan = engine.run()
    assert plan.counts["Delete"] == {"User": 1} and plan.holds == HELD
    assert there(engine) == {"User 1", "User 2"}


def test_whom_the_document_before_would_have_left_out_too_leaves_by_the_directory(engine: Configured) -> None:
    engine.use(NO_BOSS)
    engine.settle()
    engine.use(Scope(SCOPE.dn, SCOPE.kinds, "(&(!(title=Boss))(!(title=Chief)))"))
    engine.source.add(user(1, title="Boss"), user(3, title="Chief"))
    _, plan = engine.run()
    assert plan.counts["Delete"] == {"User": 1} and plan.holds == HELD
    assert there(engine) == {"User 2", "User 3"}


def test_who_changes_after_the_synchronise_was_stopped_is_still_judged_by_the_document_before_it(
    engine: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.use(NO_BOSS)
    with monkeypatch.context() as patched, pytest.raises(Crash):
        patched.setattr(Documents, "complete", _die)
        engine.run()
    engine.source.add(user(1, title="Boss"))
    _, plan = engine.run()
    assert plan.holds == HELD
    engine.source.add(user(3, title="Boss"))
    _, plan = engine.run()
    assert plan.counts["Delete"] == {"User": 1}, "the synchronise has ended, and with it the document before"


@pytest.mark.parametrize("moment", range(1, 60, 3))
def test_a_crash_at_any_moment_makes_no_departure_one_of_the_directory(tmp_path, moment: int) -> None:
    source = Based()
    source.add(*(user(number, "Others" if number % 2 else "People", title="Clerk") for number in range(1, 8)))
    engine = Configured(tmp_path / "state.db", sources=[source])
    engine.settle()
    engine.use(PEOPLE)
    source.add(user(1, "Others", title="Boss"))
    left = iter(range(moment))
    with crashing(lambda: next(left, None) is None), pytest.raises(Crash):
        engine.run()
        raise Crash
    engine.use(Scope(PEOPLE.dn, PEOPLE.kinds, "(title=*)"))
    for _ in range(3):
        _, plan = engine.run()
        assert plan.holds == {"CausedByConfiguration": 4} and not plan.counts


def test_who_is_really_deleted_while_held_leaves_by_the_directory(tmp_path) -> None:
    source = ListSource()
    source.add(user(1), user(2, "Others"))
    engine = Configured(tmp_path / "state.db", sources=[source])
    engine.settle()
    engine.use(PEOPLE)
    engine.run()
    engine.leave(2)
    assert engine.run()[1].holds == {"AbsentOnce": 1}
    _, plan = engine.run()
    assert plan.counts == {"Delete": {"User": 1}} and plan.origins == {"Source": 1}


def test_who_is_read_by_another_source_from_now_on_does_not_leave(tmp_path) -> None:
    corp, forest = Based("corp"), Based("forest", bases=())
    corp.add(user(1), user(2, "Others"))
    forest.entries = corp.entries
    engine = Configured(tmp_path / "state.db", sources=[corp, forest], of_source={"corp": (SCOPE,), "forest": ()})
    engine.config = config(sources=("corp", "forest"), endpoint=engine.config.target.endpoint)
    engine.run()
    corp.bases, engine.of_source["corp"] = [PEOPLE.dn], (PEOPLE,)
    for _ in range(4):
        assert engine.run()[1].holds == HELD
    forest.bases, engine.of_source["forest"] = [OTHERS.dn], (OTHERS,)
    engine.cloud.calls.clear()
    _, plan = engine.run()
    assert plan.empty and engine.sent == []


def test_a_source_that_is_renamed_and_narrowed_at_once_lets_nobody_go(tmp_path) -> None:
    source = ListSource("corp")
    source.add(user(1), user(2, "Others"))
    engine = Configured(tmp_path / "state.db", sources=[source])
    engine.settle()
    engine.sources = [ListSource("renamed", source.entries)]
    engine.use(PEOPLE)
    for _ in range(3):
        assert engine.run()[1].holds == HELD


def test_rules_that_ask_for_what_nobody_reads_any_more_keep_whom_they_may_have_kept(tmp_path) -> None:
    source = Unsteady()
    source.add(user(1, employeeType="Staff", title="Clerk"))
    engine = Configured(tmp_path / "state.db", sources=[source])
    engine.use(Scope(SCOPE.dn, SCOPE.kinds, "(employeeType=Staff)"))
    engine.settle()
    engine.use(NO_BOSS)
    source.add(user(1, employeeType="Staff", title="Boss"))
    assert engine.run()[1].holds == HELD


def test_a_source_that_was_out_of_reach_is_judged_by_the_document_before_when_it_is_read_again(tmp_path) -> None:
    source = Unsteady()
    source.add(user(1, title="Clerk"))
    engine = Configured(tmp_path / "state.db", sources=[source])
    engine.settle()
    engine.use(NO_BOSS)
    source.away = True
    engine.run()
    source.away = False
    source.add(user(1, title="Boss"))
    assert engine.run()[1].holds == HELD


def test_who_changes_while_held_is_held(engine: Configured) -> None:
    engine.use(NO_BOSS, GROUPS)
    engine.settle()
    engine.use(PEOPLE, GROUPS)
    engine.run()
    engine.source.add(user(2, "Others", title="Chief"))
    assert engine.run()[1].holds == HELD


def test_whose_create_is_in_doubt_waits_too_when_the_document_leaves_them_out(engine: Configured) -> None:
    engine.source.add(user(4, "Others"))
    engine.lose()
    engine.use(PEOPLE, GROUPS)
    for _ in range(2):
        assert engine.run()[1].holds == {"CausedByConfiguration": 2}


def test_an_own_rule_that_leaves_somebody_out_is_the_document_and_one_that_did_before_is_not(
    engine: Configured,
) -> None:
    boss = Rule("boss", 10, Kind.USER, excludes=True, when="entry.?title.orValue('') == 'Boss'")
    chief = Rule("chief", 20, Kind.USER, excludes=True, when="entry.?title.orValue('') == 'Chief'")
    engine.config = replace(engine.config, rules=(boss,))
    engine.settle()
    engine.config = replace(engine.config, rules=(boss, chief))
    engine.source.add(user(1, title="Boss"), user(3, title="Chief"))
    _, plan = engine.run()
    assert plan.counts["Delete"] == {"User": 1} and plan.holds == HELD
    assert "User 3" in there(engine)


def test_one_person_of_two_directories_waits_where_the_document_changed_in_the_same_run(tmp_path) -> None:
    engine = Configured(tmp_path / "state.db", sources=[ListSource("corp"), ListSource("forest")])
    by_mail = (Join(frozenset({Kind.USER}), JoinBy.MAIL),)
    unhurried = EndpointOverrides(visibility_delay=engine.config.target.endpoint.visibility_delay)
    engine.config = replace(config(sources=("corp", "forest"), endpoint=unhurried), joins=by_mail)
    engine.sources[0].add(user(1, mail="one@example.com", title="Clerk"), user(2))
    engine.sources[1].add(user(1001, "Forest", mail="one@example.com", title="Clerk"), user(1002, "Forest"))
    engine.settle()
    engine.scopes = (NO_BOSS,)
    engine.sources[0].add(user(1, mail="one@example.com", title="Boss"))
    engine.sources[1].add(user(1001, "Forest", mail="one@example.com", title="Boss"))
    for _ in range(2):
        assert engine.run()[1].holds == HELD


def test_a_pending_reason_of_another_kind_does_not_hide_the_document(engine: Configured) -> None:
    with engine.store() as store:
        store.database.run("UPDATE objects SET origin = ?", (int(Origin.ADOPTION),))
    engine.use(PEOPLE, GROUPS)
    assert engine.run()[1].holds == HELD


def test_what_is_told_of_one_object_is_the_same_hold(engine: Configured) -> None:
    engine.use(PEOPLE, GROUPS)
    _, plan = engine.run()
    with engine.store() as store:
        (state,) = store.snapshot().differing()
        change = object_change(state, plan.around)
    assert change is not None and change.hold is not None and "under the one before" in change.reason


def test_a_removal_from_a_group_goes_while_the_delete_waits(engine: Configured) -> None:
    engine.use(PEOPLE, GROUPS)
    engine.run()
    engine.source.members[guid(101)] = [user_dn(1)]
    engine.run()
    assert [links(obj) for obj in engine.sent] == [[("REMOVE", engine.anchor(user(2, "Others")))]]
    assert there(engine) == EVERYBODY
