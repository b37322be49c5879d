"""Where scopes are: what they leave out, and bases that are found by their GUID or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest

from support.build import BASE, guid, user
from support.documents import findings, minimal
from syncramp.model.values import Kind
from syncramp.plan.facts import bases
from syncramp.rules.documents import rules_from, text_of
from syncramp.rules.places import place_of
from syncramp.rules.ruleset import Ruleset
from syncramp.spec.types import Scope, SourceAnchor

PEOPLE = f"OU=People,{BASE}"
ID = UUID(bytes_le=guid(7))
USERS = frozenset({Kind.USER})
NAMED = Scope(PEOPLE, USERS, guid=ID, exclude=(f"OU=Service, OU=People,{BASE.lower()}",))


@dataclass
class Seen:
    """What a source was seen to hold (``model.seams.Whereabouts``)."""

    guids: dict[bytes, str] = field(default_factory=dict)
    there: tuple[str, ...] = ()
    proven: bool = True
    groups: dict[bytes | str, frozenset[bytes]] = field(default_factory=dict)

    def named(self, guid: bytes) -> str | None:
        return self.guids.get(guid)

    def names(self) -> Iterator[str]:
        yield from self.there

    def members(self, group: bytes | str) -> frozenset[bytes] | None:
        return self.groups.get(group)


def rules(*scopes: Scope, seen: Seen | None = None) -> Ruleset:
    made = Ruleset(scopes, SourceAnchor.OBJECT_GUID, "corp")
    if seen is not None:
        made.settle(seen)
    return made


def test_what_lies_below_an_excluded_dn_is_left_out_with_its_name() -> None:
    found = rules(Scope(PEOPLE, USERS, exclude=(f"ou=service,{PEOPLE}",)))
    decision = found.decide(user(1, "Service,OU=People"))
    assert decision.reason == f"its scope leaves out what lies below OU=service,{PEOPLE}"
    assert found.decide(user(1, "Service Desk,OU=People")).object and found.decide(user(1)).object


def test_what_one_scope_leaves_out_another_one_may_take() -> None:
    service = f"OU=Service,{PEOPLE}"
    found = rules(Scope(PEOPLE, USERS, exclude=(service,)), Scope(service, USERS))
    assert found.in_scope(user(1, "Service,OU=People"))


def test_a_base_with_a_guid_is_found_under_its_new_name_with_what_is_left_out_below_it() -> None:
    found = rules(NAMED, seen=Seen({guid(7): f"OU=Staff,{BASE}"}))
    assert found.in_scope(user(1, "Staff")) and not found.in_scope(user(1, "People"))
    assert not found.in_scope(user(1, "Service,OU=Staff"))
    assert found.decide(user(1, "People")).reason == "outside every scope of source corp"
    assert [place.named for place in found.places] == [PEOPLE]


def test_a_base_that_is_where_the_document_says_has_no_other_name_to_tell() -> None:
    assert place_of(NAMED, Seen({guid(7): PEOPLE.upper()})).named == ""


@pytest.mark.parametrize("seen", [Seen(), Seen(there=(f"CN=a,{PEOPLE}",))], ids=["nothing", "another one"])
def test_a_guid_that_nothing_has_stalls_the_scope_whatever_has_its_dn(seen: Seen) -> None:
    found = rules(NAMED, seen=seen)
    for ou in ("People", "Staff"):
        decision = found.decide(user(1, ou))
        assert (decision.object, decision.undecided, decision.stalled) == (None, True, True)
        assert decision.reason == f"nothing has the GUID {ID} that the scope {PEOPLE} is named by"
    assert found.undecided(user(1)) and not found.in_scope(user(1))


def test_a_dn_that_an_unproven_read_has_not_seen_stalls_its_scope_and_no_other() -> None:
    others = Scope(f"OU=Others,{BASE}", frozenset({Kind.USER, Kind.GROUP}))
    seen = Seen(there=(f"CN=x,OU=Others,{BASE}",), proven=False)
    found = rules(Scope(PEOPLE, USERS), others, seen=seen)
    assert found.in_scope(user(1, "Others"))
    decision = found.decide(user(1, "Staff", userAccountControl="514"))
    assert (decision.undecided, decision.disabled) == (True, True)
    assert decision.reason == f"the base of the scope {PEOPLE} is not there"
    group = replace(user(1, "Staff"), kind=Kind.GROUP)
    assert not found.decide(group).undecided  # of no kind that the lost scope takes
    assert rules(Scope(PEOPLE, USERS), seen=replace(seen, proven=True)).decide(user(1, "Staff")).undecided is False


def test_before_anything_was_read_a_named_scope_tells_nothing() -> None:
    assert rules(NAMED).decide(user(1)).undecided
    assert rules(replace(NAMED, guid=None, group="CN=x")).decide(user(1)).undecided
    assert rules(replace(NAMED, guid=None)).in_scope(user(1))


def test_what_scopes_say_is_kept_and_changes_the_digest() -> None:
    plain = Scope(PEOPLE, USERS)
    all_of = [plain, NAMED, replace(NAMED, guid=None), replace(plain, group="CN=x"), replace(plain, group=str(ID))]
    assert len({rules(scope).digest for scope in all_of}) == len(all_of)
    for scope in all_of:
        assert rules_from(text_of(rules(scope))).scopes == (scope,)
    assert text_of(rules(plain)) == text_of(rules(replace(plain, exclude=())))


SCOPE_PATH = "spec.sources[0].scope[0]"


@pytest.mark.parametrize(
    ("member", "value", "path", "reason"),
    [
        ("exclude", ["OU=a,DC=other"], "exclude[0]", "does not lie below 'DC=corp', the dn of its scope"),
        ("exclude", ["DC=CORP"], "exclude[0]", "does not lie below 'DC=corp', the dn of its scope"),
        ("exclude", ["nobody"], "exclude[0]", "is no distinguished name: expected 'type=value' at 'nobody'"),
        (
            "exclude",
            ["OU=a,DC=corp", "ou=A, dc=corp"],
            "exclude[1]",
            f"names the same entry as {SCOPE_PATH}.exclude[0]",
        ),
        ("group", "nobody", "group", "is neither a GUID nor a distinguished name: expected 'type=value' at 'nobody'"),
        ("group", "   ", "group", "is neither a distinguished name nor a GUID: it is empty"),
        ("guid", "7", "guid", "should match"),
    ],
)
def test_what_is_wrong_with_a_scope_is_told_at_its_place(member: str, value: object, path: str, reason: str) -> None:
    (found,) = findings(minimal({f"{SCOPE_PATH}.dn": "DC=corp", f"{SCOPE_PATH}.{member}": value}))
    assert found.path == f"{SCOPE_PATH}.{path}" and reason in found.reason and found.remedy


def test_two_scopes_with_one_guid_are_one() -> None:
    named = {"guid": str(ID)}
    scopes = [{"dn": "OU=a,DC=corp", **named}, {"dn": "OU=b,DC=corp", "guid": str(ID).upper()}]
    (found,) = findings(minimal({"spec.sources[0].scope": scopes}))
    assert (found.path, found.reason) == (
        "spec.sources[0].scope[1].guid",
        "names the same entry as spec.sources[0].scope[0].guid",
    )


@pytest.mark.parametrize("group", ["CN=Pilot,DC=corp", str(ID), str(ID).upper()])
def test_a_pilot_group_is_named_by_dn_or_guid(group: str) -> None:
    assert findings(minimal({f"{SCOPE_PATH}.group": group})) == []


def test_deletes_below_a_base_are_counted_where_it_is_now() -> None:
    found = rules(NAMED, Scope(f"OU=Staff,{BASE}", USERS), seen=Seen({guid(7): f"OU=Staff,{BASE}"}))
    assert bases([found]) == {"corp": [f"OU=Staff,{BASE}"]}
