"""Lists that take the values of all entries of a person."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from support.build import SCOPE, SID, user, without
from syncramp.model.facts import Entry
from syncramp.rules.merge import merge
from syncramp.rules.precedence import Part
from syncramp.rules.ruleset import Ruleset
from syncramp.spec.types import Merge, SourceAnchor

NAME = "proxyAddresses"
RULES = Ruleset((SCOPE,), SourceAnchor.CONSISTENCY_GUID, "corp")


def entry(number: int, *addresses: str) -> Entry:
    return user(number, objectSid=SID, **({NAME: list(addresses)} if addresses else {}))


def merged(*entries: Entry) -> Any:
    parts = [Part(one, RULES.decide(one), place) for place, one in enumerate(entries)]
    return merge(parts, "anchor", {NAME: Merge.CASE_INSENSITIVE})


def addresses(*entries: Entry) -> Sequence[str] | None:
    return merged(*entries).attributes.get(NAME)


def test_each_address_stands_once_as_the_first_entry_spells_it() -> None:
    found = addresses(
        entry(1, "SMTP:one@example.com", "smtp:a@x.example"), entry(2, "smtp:A@x.example", "smtp:b@x.example")
    )
    assert found == ("SMTP:one@example.com", "smtp:a@x.example", "smtp:b@x.example")


def test_of_an_entry_that_cannot_be_judged_nothing_is_taken_for_no_address() -> None:
    made = merged(entry(1, "SMTP:one@example.com"), without(entry(2, "smtp:b@x.example"), "samaccountname"))
    assert NAME in made.unread and NAME not in made.attributes


def test_a_list_that_one_entry_leaves_as_it_is_stays_for_all() -> None:
    parts = [
        Part(one, RULES.decide(one), place) for place, one in enumerate((entry(1, "SMTP:a@x.example"), entry(2)))
    ]
    left = replace(parts[1].decision.part, unread=frozenset({NAME}))
    parts[1] = replace(parts[1], decision=replace(parts[1].decision, object=left))
    made = merge(parts, "anchor", {NAME: Merge.MERGE})
    assert NAME in made.unread and NAME not in made.attributes


def test_the_first_primary_address_of_all_stays_the_primary_one() -> None:
    second = entry(2, "SIP:two@x.example", "SMTP:two@x.example")
    assert addresses(entry(1), second) == ("SIP:two@x.example", "SMTP:two@x.example")
    assert addresses(entry(1, "smtp:one@x.example"), second) == (
        "SIP:two@x.example",
        "SMTP:two@x.example",
        "smtp:one@x.example",
    )
    assert addresses(entry(1, "SMTP:one@x.example"), second) == (
        "SIP:two@x.example",
        "SMTP:one@x.example",
        "smtp:two@x.example",
    )
