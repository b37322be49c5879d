"""What the document's own rules did is told with the name of the rule and its expression."""

from dataclasses import replace
from typing import Any

from support.build import group, user, user_dn
from support.engine import Engine
from support.explained import attribute, explained, lines
from syncramp.model.desire import Code
from syncramp.model.explanation import Standing
from syncramp.model.values import Kind
from syncramp.spec.types import Rule


def use(engine: Engine, **members: Any) -> None:
    """One rule for users, and a run."""
    engine.config = replace(engine.config, rules=(Rule("mine", 10, Kind.USER, **members),))
    engine.run()


def test_a_value_of_a_rule_comes_with_its_expression_and_condition(engine: Engine) -> None:
    use(engine, when="entry.cn == 'User 1'", sets={"city": "'Ulm'"})
    city = attribute(explained(engine, user_dn(1)), "city")
    assert (city.desired, city.rule, city.expression) == ("Ulm", "mine", "'Ulm'")
    assert city.when == "entry.cn == 'User 1'" and city.attribute == ""
    assert f"{'':31}← rule mine: 'Ulm' (when entry.cn == 'User 1')" in lines(engine, user_dn(1))
    assert "city" not in {each.name for each in explained(engine, user_dn(2)).attributes}


def test_a_value_that_a_rule_does_not_decide_keeps_its_default_origin(engine: Engine) -> None:
    use(engine, sets={"city": "noValue()", "title": "'Clerk'"})
    engine.source.add(user(1, l="Bonn"))
    engine.run()
    city = attribute(explained(engine, user_dn(1)), "city")
    assert (city.desired, city.rule, city.attribute) == ("Bonn", "", "l")


def test_what_a_rule_clears_is_told_although_there_is_no_value(engine: Engine) -> None:
    engine.source.add(user(1, title="Clerk"))
    use(engine, clears=("title",))
    title = attribute(explained(engine, user_dn(1)), "title")
    assert (title.desired, title.rule, title.expression) == (None, "mine", "")
    assert any(line.endswith("← rule mine: clear") for line in lines(engine, user_dn(1)))


def test_what_a_rule_leaves_is_told(engine: Engine) -> None:
    use(engine, sets={"title": "leave()"})
    title = attribute(explained(engine, user_dn(1)), "title")
    assert title.rule == "mine" and title.note.startswith("the rule leaves it as it is")


def test_an_expression_that_fails_is_told_as_a_violation_and_not_as_unread(engine: Engine) -> None:
    engine.source.add(user(1, title="Clerk"))
    use(engine, sets={"title": "string(1 / (size(entry.cn) - 6))"})
    title = attribute(explained(engine, user_dn(1)), "title")
    assert [each.code for each in title.violations] == [Code.EXPRESSION_FAILED]
    assert title.note == "" and title.rule == "mine"
    assert any("! ExpressionFailed: rule mine" in line for line in lines(engine, user_dn(1)))


def test_who_a_rule_leaves_out_is_told_with_its_condition(engine: Engine) -> None:
    use(engine, when="entry.sAMAccountName == 'user1'", excludes=True)
    told = explained(engine, user_dn(1)).verdict
    assert (told.standing, told.reason) == (Standing.OUT_OF_SCOPE, "excluded by rule mine")
    assert told.because == "entry.sAMAccountName == 'user1'"


def test_an_exclusion_without_a_result_leaves_its_entry_undecided(engine: Engine) -> None:
    use(engine, when="1 / (size(entry.cn) - 6) == 1", excludes=True)
    told = explained(engine, user_dn(1)).verdict
    assert told.standing is Standing.UNDECIDED and told.because.startswith("rule mine: ")


def test_a_rule_of_another_kind_or_source_is_not_told(engine: Engine) -> None:
    other = Rule("other", 10, Kind.USER, source="labs", sets={"city": "'Ulm'"})
    groups = Rule("groups", 11, Kind.GROUP, sets={"displayName": "'A group'"})
    users = Rule("users", 12, Kind.USER, sets={"displayName": "'A user'"})
    engine.config = replace(engine.config, rules=(other, groups, users))
    engine.run()
    assert attribute(explained(engine, user_dn(1)), "displayName").rule == "users"
    assert attribute(explained(engine, group(101).dn), "displayName").rule == "groups"


def test_a_rule_that_changed_since_the_last_run_is_said_to_be_new(engine: Engine) -> None:
    use(engine, sets={"city": "'Ulm'"})
    engine.config = replace(engine.config, rules=(Rule("mine", 10, Kind.USER, sets={"city": "'Bonn'"}),))
    told = explained(engine, user_dn(1))
    city = attribute(told, "city")
    assert told.entry.new_rules and (city.desired, city.changes, city.next) == ("Ulm", True, "Bonn")
    assert not attribute(told, "commonName").changes
    engine.run()
    assert not attribute(explained(engine, user_dn(1)), "city").changes


def test_a_rule_that_was_taken_away_gives_the_attribute_no_value_in_the_next_run(engine: Engine) -> None:
    use(engine, sets={"city": "'Ulm'"})
    engine.config = replace(engine.config, rules=())
    city = attribute(explained(engine, user_dn(1)), "city")
    assert (city.desired, city.changes, city.next, city.rule) == ("Ulm", True, None, "")
