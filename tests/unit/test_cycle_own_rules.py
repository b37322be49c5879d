"""Own rules through the whole engine to the cloud: what is set, cleared, left and held, and who goes and stays."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.build import group, user, user_dn
from support.engine import Engine, links
from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.model.wire import Operation
from syncramp.spec.types import Rule

MISSING = "entry.employeeType == 'x'"


def rule(precedence: int = 10, kind: Kind = Kind.USER, **members: Any) -> Rule:
    return Rule(f"rule-{precedence}", precedence, kind, **members)


def use(engine: Engine, *rules: Rule) -> None:
    """The document has these rules from now on."""
    engine.config = replace(engine.config, rules=rules)


def in_cloud(engine: Engine, entry: Entry) -> dict[str, object]:
    return engine.cloud.objects[engine.anchor(entry)].values


def test_a_rule_that_is_added_is_a_full_synchronise_and_one_that_is_taken_away_too(engine: Engine) -> None:
    engine.source.add(user(1, title="Clerk"), user(2))
    engine.settle()
    use(engine, rule(sets={"city": "'Ulm'"}))
    engine.settle()
    assert [in_cloud(engine, user(number))["city"] for number in (1, 2)] == ["Ulm", "Ulm"]
    use(engine)
    engine.settle()
    assert in_cloud(engine, user(1)).get("city") is None


def test_no_value_gives_the_cloud_what_the_built_in_rules_made(engine: Engine) -> None:
    engine.source.add(user(1, title="Clerk"))
    use(engine, rule(sets={"title": "entry.sn == 'Boss' ? 'Boss' : noValue()"}))
    engine.source.add(user(1, title="Clerk", sn="Smith"))
    engine.settle()
    assert in_cloud(engine, user(1))["title"] == "Clerk"
    engine.source.add(user(1, title="Clerk", sn="Boss"))
    engine.settle()
    assert in_cloud(engine, user(1))["title"] == "Boss"
    engine.source.add(user(1, title="Clerk", sn="Smith"))
    engine.settle()
    assert in_cloud(engine, user(1))["title"] == "Clerk"


def test_clear_takes_the_value_from_the_cloud(engine: Engine) -> None:
    engine.source.add(user(1, title="Clerk"))
    engine.settle()
    use(engine, rule(clears=("title",)))
    engine.settle()
    assert in_cloud(engine, user(1)).get("title") is None
    assert engine.sent[-1].values["title"] is None


def test_leave_keeps_what_the_cloud_has_whatever_the_directory_says(engine: Engine) -> None:
    engine.source.add(user(1, title="Clerk"))
    engine.settle()
    use(engine, rule(sets={"title": "leave()"}))
    engine.source.add(user(1, title="Boss"), user(2, title="Boss"))
    engine.settle()
    assert in_cloud(engine, user(1))["title"] == "Clerk"
    assert "title" not in in_cloud(engine, user(2))
    use(engine)
    engine.settle()
    assert [in_cloud(engine, user(number))["title"] for number in (1, 2)] == ["Boss", "Boss"]


def test_a_failing_expression_holds_its_attribute_and_lets_the_rest_of_the_object_go(engine: Engine) -> None:
    use(engine, rule(sets={"title": "entry.employeeType"}))
    engine.source.add(user(1, employeeType="Clerk"))
    engine.settle()
    engine.source.add(user(1, mobile="1"), user(2, mobile="2"))
    report = engine.settle()
    assert (in_cloud(engine, user(1))["title"], in_cloud(engine, user(1))["mobile"]) == ("Clerk", "1")
    assert in_cloud(engine, user(2))["mobile"] == "2"
    assert "title" not in in_cloud(engine, user(2))
    assert report.violations == {"ExpressionFailed": 3}
    assert {sample.dn for sample in report.violation_samples["ExpressionFailed"]} == set(map(user_dn, (1, 2, 3)))
    use(engine)
    assert engine.settle().violations == {}


def test_a_failing_expression_does_not_hold_a_disable(engine: Engine) -> None:
    use(engine, rule(sets={"title": "entry.employeeType", "accountEnabled": MISSING}))
    engine.source.add(user(1, employeeType="x"))
    engine.settle()
    assert in_cloud(engine, user(1))["accountEnabled"] is True
    engine.source.add(user(1, userAccountControl="514"))
    engine.settle()
    assert in_cloud(engine, user(1))["accountEnabled"] is False


def test_a_rule_that_would_enable_somebody_is_told_and_nobody_is_enabled(engine: Engine) -> None:
    use(engine, rule(sets={"accountEnabled": "true"}))
    engine.source.add(user(1, userAccountControl="514"))
    report = engine.settle()
    assert in_cloud(engine, user(1))["accountEnabled"] is False
    assert report.violations == {"EnablesAccount": 1}


def test_an_account_of_which_a_rule_has_no_result_stays_enabled_and_a_new_one_comes_disabled(engine: Engine) -> None:
    use(engine, rule(sets={"accountEnabled": MISSING}))
    engine.source.add(user(1, employeeType="x"))
    engine.settle()
    engine.source.add(user(1), user(2))
    engine.settle()
    assert in_cloud(engine, user(1))["accountEnabled"] is True
    assert in_cloud(engine, user(2))["accountEnabled"] is False


def test_who_is_excluded_leaves_the_cloud_with_the_memberships(engine: Engine) -> None:
    engine.source.add(user(1), user(2), group(101))
    engine.source.members[group(101).guid] = [user_dn(1), user_dn(2)]
    engine.settle()
    use(engine, rule(excludes=True, when="entry.sAMAccountName == 'user1'"))
    report = engine.settle(approving=True)
    assert engine.anchor(user(1)) not in engine.cloud.objects
    assert engine.anchor(user(2)) in engine.cloud.objects
    assert "excluded by rule rule-10" in report.skipped or engine.sent[-1].operation is Operation.DELETE
    use(engine)
    engine.settle()
    assert engine.anchor(user(1)) in engine.cloud.objects


def test_a_manager_who_is_excluded_is_not_named(engine: Engine) -> None:
    use(engine, rule(excludes=True, when="entry.sAMAccountName == 'user1'"))
    engine.source.add(user(1), user(2, manager=user_dn(1)), user(3, manager=user_dn(2)))
    engine.settle()
    assert "manager" not in in_cloud(engine, user(2))
    assert in_cloud(engine, user(3))["manager"] == engine.anchor(user(2))


def test_nobody_appears_or_disappears_because_an_exclusion_fails(engine: Engine) -> None:
    judged = {"employeeType": "y"}
    engine.source.add(user(1, **judged), user(2, manager=user_dn(1), **judged), user(3, **judged))
    engine.settle()
    use(engine, rule(excludes=True, when=MISSING))
    engine.source.add(user(1), user(2, manager=user_dn(1), title="Clerk", **judged), user(9))
    engine.cloud.calls.clear()
    report = engine.settle()
    assert in_cloud(engine, user(2))["manager"] == engine.anchor(user(1))
    assert engine.anchor(user(1)) in engine.cloud.objects
    assert engine.anchor(user(9)) not in engine.cloud.objects
    assert [obj.operation for obj in engine.sent] == [Operation.SET]
    assert not any(links(obj) for obj in engine.sent)
    samples = [sample for listed in report.warning_samples.values() for sample in listed]
    assert {sample.dn for sample in samples} == {user_dn(1), user_dn(9)}
    assert all("employeeType" in sample.detail for sample in samples)


def test_the_disable_of_somebody_whose_exclusion_fails_goes(engine: Engine) -> None:
    engine.source.add(user(1, employeeType="y"))
    engine.settle()
    use(engine, rule(excludes=True, when=MISSING))
    engine.source.add(user(1, userAccountControl="514"))
    engine.settle()
    assert in_cloud(engine, user(1))["accountEnabled"] is False


@pytest.mark.parametrize("order", [1, -1])
def test_the_lowest_precedence_wins_in_the_cloud_whatever_the_order(engine: Engine, order: int) -> None:
    engine.source.add(user(1))
    use(engine, *[rule(10, sets={"city": "'A'"}), rule(20, sets={"city": "'B'"})][::order])
    engine.settle()
    assert in_cloud(engine, user(1))["city"] == "A"


POOL = [
    rule(10, excludes=True, when="entry.?title.orValue('') == 'Ghost'"),
    rule(20, sets={"city": "entry.?title.orValue('')", "company": "object.displayName"}),
    rule(30, clears=("displayName",), when="has(entry.title)"),
    rule(40, sets={"city": "'Ulm'", "accountEnabled": "!has(entry.title)"}),
    rule(50, Kind.GROUP, sets={"description": "source"}),
]
STEPS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(POOL), unique_by=lambda one: one.name, max_size=5),
        st.sampled_from([1, 2, 3]),
        st.sampled_from(["Ghost", "Clerk", ""]),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=15)
@given(STEPS)
def test_whatever_rules_there_were_the_cloud_ends_as_the_last_ones_say(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[list[Rule], int, str]]
) -> None:
    folder = tmp_path_factory.mktemp("walk")
    walked, fresh = Engine(folder / "walked.db"), Engine(folder / "fresh.db")
    for rules, number, title in steps:
        for engine in (walked, fresh):
            use(engine, *rules)
            engine.source.add(user(number, title=title) if title else user(number))
        for missing in {1, 2, 3} - {number}:
            walked.source.entries.setdefault(user(missing).guid, user(missing))
        walked.settle(approving=True)
    fresh.source.entries = dict(walked.source.entries)
    fresh.settle()
    assert told(walked) == told(fresh)


def told(engine: Engine) -> dict[str, dict[str, object]]:
    """What the cloud holds, without attributes that were cleared."""
    return {
        anchor: {name: value for name, value in held.values.items() if value is not None}
        for anchor, held in engine.cloud.objects.items()
    }
