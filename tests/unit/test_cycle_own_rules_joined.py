"""Own rules and several entries of one person: precedence across directories, and what one entry's rules hold."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.build import config, user
from support.engine import Engine
from support.model import ListSource
from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.spec.types import EndpointOverrides, Join, JoinBy, Rule

MISSING = "entry.employeeType == 'x'"
FOREST = 1001


def here(**attributes: str) -> Entry:
    return user(1, mail="one@example.com", **attributes)


def there(**attributes: str) -> Entry:
    return user(FOREST, "Forest", mail="one@example.com", **attributes)


def rule(precedence: int, source: str, **members: Any) -> Rule:
    return Rule(f"rule-{precedence}", precedence, Kind.USER, source, **members)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """One person with an entry in each of two directories; the first one's values come first."""
    made = Engine(tmp_path / "state.db", sources=[ListSource("corp"), ListSource("forest")])
    seen = EndpointOverrides(visibility_delay=made.config.target.endpoint.visibility_delay)
    made.config = replace(
        config(sources=("corp", "forest"), endpoint=seen), joins=(Join(frozenset({Kind.USER}), JoinBy.MAIL),)
    )
    made.sources[0].add(here(title="Clerk", department="Sales"), user(2))
    made.sources[1].add(there(title="Boss", city="Ulm", l="Ulm"), user(FOREST + 1, "Forest"))
    return made


def person(engine: Engine, *rules: Rule) -> dict[str, object]:
    """What the cloud has of the person under these rules, without what was cleared."""
    engine.config = replace(engine.config, rules=rules)
    engine.settle()
    values = engine.cloud.objects[engine.anchor(here())].values
    return {name: value for name, value in values.items() if value is not None}


def test_a_rule_beats_the_built_in_value_of_every_directory(engine: Engine) -> None:
    assert person(engine)["title"] == "Clerk"
    assert person(engine, rule(50, "forest", sets={"title": "'Chief'"}))["title"] == "Chief"


@pytest.mark.parametrize(("corp", "forest", "title"), [(10, 20, "A"), (20, 10, "B")])
def test_the_lowest_precedence_wins_over_all_directories(engine: Engine, corp: int, forest: int, title: str) -> None:
    rules = rule(corp, "corp", sets={"title": "'A'"}), rule(forest, "forest", sets={"title": "'B'"})
    assert person(engine, *rules)["title"] == title


def test_a_clear_ends_for_all_directories(engine: Engine) -> None:
    assert "title" not in person(engine, rule(10, "forest", clears=("title",)))


def test_no_value_leaves_it_to_the_directories(engine: Engine) -> None:
    assert person(engine, rule(10, "corp", sets={"title": "noValue()"}))["title"] == "Clerk"


@pytest.mark.parametrize("value", ["leave()", "entry.employeeType"])
def test_what_is_left_or_fails_in_one_directory_stays_and_no_other_fills_in(engine: Engine, value: str) -> None:
    assert person(engine)["title"] == "Clerk"
    engine.sources[0].add(here(title="Other", department="IT"))
    found = person(engine, rule(10, "forest", sets={"title": value}))
    assert (found["title"], found["department"]) == ("Clerk", "IT")


def test_an_excluded_entry_takes_its_attributes_along_and_no_more(engine: Engine) -> None:
    assert person(engine)["city"] == "Ulm"
    found = person(engine, rule(10, "forest", excludes=True, when="has(entry.mail)"))
    assert "city" not in found
    assert found["title"] == "Clerk"


def test_a_failing_expression_of_one_entry_does_not_hold_the_disable_of_the_person(engine: Engine) -> None:
    rules = rule(10, "forest", sets={"title": "entry.employeeType", "accountEnabled": MISSING})
    assert person(engine)["accountEnabled"] is True
    engine.sources[0].add(here(userAccountControl="514"))
    engine.sources[1].add(there(userAccountControl="514"))
    assert person(engine, rules)["accountEnabled"] is False
