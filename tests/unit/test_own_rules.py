"""Own rules, one entry at a time: who is left out, who decides an attribute, and what a failing expression holds."""

import random
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.build import BASE, SCOPE, SID, entry, group, user, without
from syncramp.model.desire import Code
from syncramp.model.facts import Entry
from syncramp.model.values import Kind, Type
from syncramp.rules.catalogue import DIRECTORY
from syncramp.rules.own import OwnRules
from syncramp.rules.ruleset import Ruleset
from syncramp.rules.types import Decision, DirectoryObject
from syncramp.source.canonical import BOOLEANS, GUIDS, SIDS
from syncramp.spec.types import DeclaredAttribute, Rule, SourceAnchor

BADGE = DeclaredAttribute("contosoBadge", Type.INTEGER)
TAGS = DeclaredAttribute("contoso-Tags", multi=True)
MISSING = "entry.employeeType == 'x'"
"""Of an entry without an employeeType it has no result."""


def rule(precedence: int = 10, *clears: str, kind: Kind = Kind.USER, **members: Any) -> Rule:
    """A rule; what is none of its fields is set."""
    own = {name: members.pop(name) for name in ("source", "when", "excludes") if name in members}
    return Rule(f"rule-{precedence}", precedence, kind, sets=members, clears=clears, **own)


def ruleset(*rules: Rule, source: str = "corp") -> Ruleset:
    own = OwnRules(rules, (BADGE, TAGS), source)
    return Ruleset((SCOPE,), SourceAnchor.OBJECT_GUID, source, own)


def decide(entry: Entry, *rules: Rule, source: str = "corp") -> Decision:
    return ruleset(*rules, source=source).decide(entry)


def made(entry: Entry, *rules: Rule, source: str = "corp") -> DirectoryObject:
    decision = decide(entry, *rules, source=source)
    assert decision.object is not None, decision.reason
    return decision.object


def with_bytes(entry: Entry, name: str, *values: bytes) -> Entry:
    return replace(entry, attributes={**entry.attributes, name: values})


def test_a_rule_sets_an_attribute_by_what_it_sees_of_the_entry_the_object_and_the_source() -> None:
    found = made(
        user(1, title="Clerk"),
        rule(city="entry.title + ' of ' + source", company="object.displayName", department="'IT'"),
    )
    assert found.attributes["city"] == "Clerk of corp"
    assert found.attributes["company"] == "User 1"
    assert found.attributes["department"] == "IT"
    assert found.won == {"city": 10, "company": 10, "department": 10}


def test_a_rule_whose_condition_is_false_does_nothing() -> None:
    found = made(user(1, title="Clerk"), rule(title="'Boss'", when="source == 'labs'"))
    assert found.attributes["title"] == "Clerk"
    assert not found.won


def test_a_rule_of_one_source_is_for_no_other() -> None:
    rules = rule(title="'Boss'", source="labs")
    assert made(user(1, title="Clerk"), rules).attributes["title"] == "Clerk"
    assert made(user(1, title="Clerk"), rules, source="labs").attributes["title"] == "Boss"


def test_a_rule_of_one_kind_is_for_no_other() -> None:
    rules = rule(description="'A group'", kind=Kind.GROUP)
    assert made(group(101), rules).attributes["description"] == "A group"
    assert "description" not in made(user(1), rules).attributes


def test_the_lowest_precedence_with_a_value_wins() -> None:
    found = made(user(1), rule(30, city="'C'"), rule(10, city="noValue()"), rule(20, city="'B'"))
    assert found.attributes["city"] == "B"
    assert found.won == {"city": 20}


def test_no_value_leaves_what_the_built_in_rules_made() -> None:
    found = made(user(1, title="Clerk"), rule(title="noValue()"))
    assert found.attributes["title"] == "Clerk"
    assert not found.won


def test_an_empty_text_is_no_value() -> None:
    assert made(user(1, title="Clerk"), rule(title="' '")).attributes["title"] == "Clerk"


@pytest.mark.parametrize("clear", [rule(10, "title"), rule(10, title="clear()")])
def test_clear_ends_without_a_value(clear: Rule) -> None:
    found = made(user(1, title="Clerk"), clear, rule(20, title="'Boss'"))
    assert "title" not in found.attributes
    assert (found.cleared, found.unread, found.won) == ({"title"}, frozenset(), {"title": 10})


def test_leave_ends_with_what_the_cloud_has() -> None:
    decision = decide(user(1, title="Clerk"), rule(10, title="leave()"), rule(20, title="'Boss'"))
    assert decision.object is not None
    assert "title" not in decision.object.attributes
    assert (decision.object.unread, decision.object.cleared) == ({"title"}, frozenset())
    assert decision.warnings == ()


def test_rules_never_see_each_other() -> None:
    found = made(user(1, title="Clerk"), rule(10, title="'Boss'"), rule(20, city="object.title"))
    assert found.attributes["city"] == "Clerk"


def test_an_expression_that_fails_holds_its_attribute_and_no_other() -> None:
    found = made(user(1, title="Clerk"), rule(10, title="entry.employeeType", city="'Ulm'"), rule(20, title="'B'"))
    assert found.attributes["city"] == "Ulm"
    assert "title" not in found.attributes
    assert found.unread == {"title"}
    (violation,) = found.violations
    assert (violation.attribute, violation.code) == ("title", Code.EXPRESSION_FAILED)
    assert violation.reason.startswith("rule rule-10: ")
    assert "employeeType" in violation.reason


def test_a_condition_that_fails_holds_the_attributes_of_its_rule() -> None:
    found = made(user(1, title="Clerk"), rule(10, "mobile", title="'Boss'", when=MISSING), rule(20, title="'B'"))
    assert found.unread == {"title", "mobile"}
    assert "title" not in found.attributes
    assert {violation.attribute for violation in found.violations} == {"title", "mobile"}
    assert all(violation.reason.startswith("when of rule rule-10: ") for violation in found.violations)


def test_what_a_rule_of_lower_precedence_decided_is_not_held_by_one_that_fails() -> None:
    found = made(user(1), rule(10, title="'Boss'"), rule(20, title="entry.employeeType", when=MISSING))
    assert found.attributes["title"] == "Boss"
    assert (found.unread, found.violations) == (frozenset(), ())


def test_an_attribute_that_cannot_be_read_fails_the_expressions_that_name_it() -> None:
    bad = with_bytes(user(1), "employeetype", b"\xff")
    found = made(bad, rule(title="entry.employeeType", city="'Ulm'"))
    assert found.attributes["city"] == "Ulm"
    assert found.unread == {"title"}
    assert "entry.employeeType cannot be read" in found.violations[0].reason


def test_an_attribute_of_the_object_that_cannot_be_read_fails_the_expressions_that_name_it() -> None:
    bad = with_bytes(user(1), "title", b"\xff")
    found = made(bad, rule(city="object.title", company="'A'"))
    assert found.unread == {"title", "city"}
    assert "object.title cannot be read" in found.violations[0].reason


def test_where_a_directory_says_nothing_of_it_expressions_see_what_stands_in() -> None:
    state = rule(title="object.accountEnabled ? 'in' : 'out'")
    assert made(without(user(1), "useraccountcontrol"), state).attributes["title"] == "in"
    unknown = made(without(user(1, objectSid=SID), "useraccountcontrol"), state)
    assert "title" in unknown.unread
    assert "object.accountEnabled cannot be read" in unknown.violations[0].reason


def test_a_value_of_a_rule_stands_in_for_one_that_cannot_be_read() -> None:
    decision = decide(with_bytes(user(1), "title", b"\xff"), rule(title="'Boss'"))
    assert decision.object is not None
    assert decision.object.attributes["title"] == "Boss"
    assert (decision.object.unread, decision.warnings) == (frozenset(), ())


def test_an_exclusion_leaves_the_entry_out_with_the_name_of_its_rule() -> None:
    rules = rule(excludes=True, when="entry.sAMAccountName.startsWith('svc-')")
    assert decide(user(1), rules).object
    decision = decide(user(1, sAMAccountName="svc-1"), rules)
    assert (decision.object, decision.reason, decision.undecided) == (None, "excluded by rule rule-10", False)


def test_an_exclusion_counts_whatever_its_precedence() -> None:
    assert not decide(user(1), rule(10, title="'Boss'"), rule(90, excludes=True)).object


def test_an_exclusion_that_fails_leaves_the_entry_undecided() -> None:
    decision = decide(user(1), rule(excludes=True, when=MISSING))
    assert (decision.object, decision.undecided, decision.disabled) == (None, True, False)
    assert decision.reason == "rule rule-10 has no result for it"
    assert decision.detail.startswith("rule rule-10: ") and "employeeType" in decision.detail
    assert decide(user(1, employeeType="y"), rule(excludes=True, when=MISSING)).object


def test_the_disable_of_an_entry_that_is_not_decided_is_known() -> None:
    assert decide(user(1, userAccountControl="514"), rule(excludes=True, when=MISSING)).disabled


def test_an_exclusion_that_holds_counts_beside_one_that_fails() -> None:
    decision = decide(
        user(1), rule(10, excludes=True, when=MISSING), rule(20, excludes=True, when="source == 'corp'")
    )
    assert decision.reason == "excluded by rule rule-20"
    assert not decision.undecided


@pytest.mark.parametrize(
    ("rules", "in_scope", "undecided"),
    [
        ((), True, False),
        ((rule(excludes=True),), False, False),
        ((rule(excludes=True, when=MISSING),), False, True),
        ((rule(excludes=True, kind=Kind.GROUP),), True, False),
    ],
)
def test_who_refers_to_an_entry_is_told_the_same_as_the_entry(rules, in_scope: bool, undecided: bool) -> None:
    found = ruleset(*rules)
    assert (found.in_scope(user(1)), found.undecided(user(1))) == (in_scope, undecided)


def test_the_built_in_exclusions_come_first() -> None:
    assert decide(without(user(1), "samaccountname"), rule(excludes=True)).reason == "no sAMAccountName"


def test_a_rule_may_disable_an_account() -> None:
    assert made(user(1), rule(accountEnabled="false")).attributes["accountEnabled"] is False


@pytest.mark.parametrize("value", ["true", "leave()", "noValue()", "entry.employeeType == 'x'", "clear()"])
@pytest.mark.parametrize("entry", [user(1, userAccountControl="514")])
def test_no_rule_takes_a_disable_back(entry: Entry, value: str) -> None:
    found = made(entry, rule(accountEnabled=value))
    assert found.attributes["accountEnabled"] is False
    assert "accountEnabled" not in found.unread


def test_a_rule_that_would_enable_a_disabled_account_is_told() -> None:
    (violation,) = made(user(1, userAccountControl="514"), rule(accountEnabled="true")).violations
    assert violation.code is Code.ENABLES_ACCOUNT
    assert not made(user(1), rule(accountEnabled="true")).violations


def test_an_account_whose_state_cannot_be_read_is_not_enabled_by_a_rule_but_disabled_by_one() -> None:
    unknown = without(user(1, objectSid=SID), "useraccountcontrol")
    enabled, disabled = made(unknown, rule(accountEnabled="true")), made(unknown, rule(accountEnabled="false"))
    assert enabled.attributes["accountEnabled"] is False
    assert "accountEnabled" in enabled.unread
    assert enabled.violations[0].code is Code.ENABLES_ACCOUNT
    assert disabled.attributes["accountEnabled"] is False
    assert "accountEnabled" not in disabled.unread


@pytest.mark.parametrize(("value", "enabled"), [("true", True), ("false", False)])
def test_where_a_directory_says_nothing_of_it_a_rule_says_who_is_enabled(value: str, enabled: bool) -> None:
    found = made(without(user(1), "useraccountcontrol"), rule(accountEnabled=value))
    assert found.attributes["accountEnabled"] is enabled
    assert (found.unread, found.violations) == (frozenset(), ())


@pytest.mark.parametrize("value", ["entry.employeeType == 'x'", "clear()"])
def test_an_enabled_account_of_which_a_rule_says_nothing_stays_as_it_is_and_comes_disabled(value: str) -> None:
    found = made(user(1), rule(accountEnabled=value))
    assert found.attributes["accountEnabled"] is False
    assert found.unread == {"accountEnabled"}
    assert found.violations[0].code is Code.EXPRESSION_FAILED


def test_leave_keeps_the_cloud_s_word_on_an_enabled_account_and_a_new_one_comes_enabled() -> None:
    found = made(user(1), rule(accountEnabled="leave()"))
    assert found.attributes["accountEnabled"] is True
    assert found.unread == {"accountEnabled"}


def test_attributes_that_the_document_declares_are_read_and_typed() -> None:
    badge = entry(
        Kind.USER,
        1,
        f"CN=User 1,OU=People,{BASE}",
        {"sAMAccountName": "a", "contosoBadge": "7", "contoso-Tags": ["b", "a"]},
    )
    rules = rule(title="entry.contosoBadge + 1 == 8 ? 'seven' : 'other'", proxyAddresses="entry.contoso_Tags")
    assert {"contosobadge", "contoso-tags"} <= ruleset(rules).wanted
    assert made(badge, rules).attributes["title"] == "seven"
    assert made(badge, rules).attributes["proxyAddresses"] == ("a", "b")
    bad = with_bytes(badge, "contosobadge", b"seven")
    assert made(bad, rules).violations[0].reason.endswith("entry.contosoBadge cannot be read: it is no number")


def test_what_the_reader_makes_bytes_or_true_and_false_is_that_to_expressions() -> None:
    known = {name.lower(): found.type for name, found in DIRECTORY.items()}
    assert {known[name] for name in (GUIDS | SIDS) & known.keys()} == {Type.BINARY}
    assert {known[name] for name in BOOLEANS & known.keys()} == {Type.BOOLEAN}


def test_a_directory_extension_is_a_target() -> None:
    name = f"extension_{'0a' * 16}_badge"
    assert made(user(1), rule(**{name: "'7'"})).attributes[name] == "7"


def test_the_digest_is_that_of_what_the_rules_of_the_source_say() -> None:
    one, two = rule(10, title="'A'"), rule(20, city="'B'")
    base = ruleset(one, two).digest
    assert ruleset(two, one).digest == base
    assert ruleset(one, two, rule(30, source="labs", title="'C'")).digest == base
    others = [
        ruleset(one),
        ruleset(one, replace(two, when="true")),
        ruleset(one, replace(two, precedence=5)),
        ruleset(one, replace(two, sets={"city": "'C'"})),
        ruleset(one, replace(two, clears=("mobile",))),
        ruleset(one, replace(two, kind=Kind.CONTACT)),
        ruleset(replace(one, name="other"), two),
        ruleset(one, replace(two, sets={}, excludes=True)),
    ]
    digests = {found.digest for found in others}
    assert len(digests) == len(others)
    assert base not in digests


def test_the_digest_is_that_of_the_declarations_that_a_rule_names() -> None:
    named = [rule(city="has(entry.contosoBadge) ? 'a' : 'b'")]
    identity = OwnRules(named, [BADGE], "corp").identity
    assert OwnRules(named, [TAGS, BADGE], "corp").identity == identity
    assert OwnRules(named, [DeclaredAttribute("contosoBadge")], "corp").identity != identity


VALUES = ["'A'", "'B'", "noValue()", "clear()", "leave()", "entry.employeeType", "object.title", "entry.title"]
WHENS = [None, "true", "false", MISSING, "entry.title == 'Clerk'"]
TARGETS = ["title", "city", "company"]
RULES = st.lists(
    st.builds(
        lambda sets, clears, when: {"sets": sets, "clears": tuple(clears - sets.keys()), "when": when},
        st.dictionaries(st.sampled_from(TARGETS), st.sampled_from(VALUES), max_size=3),
        st.sets(st.sampled_from(TARGETS), max_size=1),
        st.sampled_from(WHENS),
    ),
    max_size=5,
)


@given(RULES, st.permutations(range(5)), st.booleans(), st.randoms(use_true_random=False))
def test_the_order_in_which_rules_are_written_says_nothing(
    bodies: list[dict[str, Any]], ranks: list[int], titled: bool, chance: random.Random
) -> None:
    rules = [Rule(f"r{rank}", rank, Kind.USER, **body) for body, rank in zip(bodies, ranks, strict=False)]
    shuffled = chance.sample(rules, len(rules))
    who = user(1, title="Clerk") if titled else user(1)
    assert decide(who, *rules) == decide(who, *shuffled)


@given(RULES, st.booleans())
def test_every_attribute_ends_as_the_first_rule_that_decides_it_says(
    bodies: list[dict[str, Any]], titled: bool
) -> None:
    rules = [Rule(f"r{rank}", rank, Kind.USER, **body) for rank, body in enumerate(bodies)]
    who = user(1, title="Clerk") if titled else user(1)
    found = made(who, *rules)
    for wire in TARGETS:
        says = _first(rules, wire, titled)
        assert (wire in found.unread) == (says in ("leave", "fails"))
        assert (wire in found.cleared) == (says == "clear")
        assert any(violation.attribute == wire for violation in found.violations) == (says == "fails")
        built_in = "Clerk" if titled and wire == "title" else None
        expected = built_in if says is None else says.removeprefix("=") if says.startswith("=") else None
        assert found.attributes.get(wire) == expected


def _first(rules: list[Rule], wire: str, titled: bool) -> str | None:
    """What decides an attribute, told by a second, slower description of the rules."""
    for one in rules:
        if wire not in (*one.sets, *one.clears) or one.when == "false":
            continue
        if one.when == MISSING or (one.when == "entry.title == 'Clerk'" and not titled):
            return "fails"
        said = {"clear()": "clear", "leave()": "leave", "'A'": "=A", "'B'": "=B", "noValue()": ""}
        title = "=Clerk" if titled else "fails"
        said |= {"entry.title": title, "object.title": title, "entry.employeeType": "fails"}
        if says := "clear" if wire in one.clears else said[one.sets[wire]]:
            return says
    return None


def test_without_rules_nothing_of_cel_is_loaded() -> None:
    code = (
        "import sys; from syncramp.check.verdict import load; from syncramp.rules.own import own_rules; "
        "from syncramp.cli import run; config = load('examples/02-plan-offline/syncconfig.yaml'); "
        "assert own_rules(config, config.sources[0].name) is None; "
        "assert not any(name.startswith(('cel_expr', 'google.protobuf')) for name in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("most", [2**31 - 1, -(2**31)])
def test_a_number_is_as_wide_as_the_service_takes_it(most: int) -> None:
    assert made(user(1), rule(10, countryCode=str(most))).attributes["countryCode"] == most
    number = most + (1 if most > 0 else -1)
    found = made(user(1), rule(10, countryCode=str(number), msExchRecipientTypeDetails=str(number)))
    assert found.attributes["msExchRecipientTypeDetails"] == number and "countryCode" in found.unread
    (told,) = found.violations
    assert (told.code, told.reason) == (Code.EXPRESSION_FAILED, f"rule rule-10: {number} is no number of 32 bits")
