"""What `syncramp source test` counts and says of a source, whatever kind of source it is."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest

from support.build import config
from support.console import ROOT
from support.walk import run_command
from syncramp.cycle.examining import NAMED, examined
from syncramp.errors import SourceUnavailable
from syncramp.model.examination import Right, ServerSeen, SourceSeen, TargetSeen
from syncramp.model.facts import Container, Entry, Fact, Links, Proof, Restart
from syncramp.model.values import Kind
from syncramp.report.source_trial import examination_document, examination_lines
from syncramp.spec.policies import policies
from syncramp.spec.ramps import RampPolicy
from syncramp.spec.types import Scope

DAY = 1_800_000_000.0
PEOPLE = Scope("OU=People,DC=test", frozenset({Kind.USER, Kind.GROUP}))
BUILT_IN = policies(config())


@dataclass
class Told:
    """A source that says these facts each time it is read."""

    facts: Sequence[Fact]
    breaks: bool = False
    reads: int = 0
    name: str = "corp"
    references: tuple[str, ...] = ()

    def partitions(self) -> Sequence[str]:
        return ("DC=test",)

    def asks_for(self, partition: str, named: Sequence[str]) -> bool:
        return True

    def read(self, partition: str, wanted: frozenset[str], known: object = None) -> Iterator[Fact]:
        self.reads += 1
        yield from self.facts
        if self.breaks:
            raise SourceUnavailable("it broke off", where="ldaps://dc1")
        told = {"tracking": "USN", "why_full": "no right to DirSync", "references": self.references}
        yield Proof(partition, True, len(self.facts), None, **told)  # type: ignore[arg-type]


def _user(number: int, place: str = "OU=People,DC=test", **attributes: bytes) -> Entry:
    given = {name: (value,) for name, value in attributes.items()}
    return Entry(number.to_bytes(16), Kind.USER, f"CN=u{number},{place}", given)


def _group(number: int, size: int, place: str = "OU=People,DC=test") -> list[Fact]:
    """A group whose first half of members comes as DNs, and the other one as GUIDs."""
    guid, half = number.to_bytes(16), size // 2
    dns = tuple(f"CN=u{member},OU=People,DC=test" for member in range(half))
    guids = tuple(member.to_bytes(16) for member in range(half, size))
    chunks = Links(guid, "member", dns, final=False), Links(guid, "member", (), final=True, guids=guids)
    return [Entry(guid, Kind.GROUP, f"CN=g{number},{place}", {}), *chunks]


def _examined(
    source: Told,
    *scopes: Scope,
    servers: Sequence[ServerSeen] = (),
    ramps: Sequence[RampPolicy] = BUILT_IN,
) -> SourceSeen:
    return examined(source, scopes or (PEOPLE,), frozenset(), ramps, servers, DAY)  # type: ignore[arg-type]


def _said(seen: SourceSeen) -> str:
    return "\n".join(examination_lines([seen]))


def test_scopes_count_what_they_take_in_by_kind_and_what_they_leave_out() -> None:
    sales = Scope("DC=test", frozenset({Kind.USER, Kind.CONTACT}), "(department=Sales)")
    facts = [_user(1), _user(2, department=b"sales"), _user(3, "OU=Elsewhere,DC=test"), *_group(9, 4)]
    seen = _examined(Told(facts), PEOPLE, sales)
    assert [(scope.kinds, scope.others) for scope in seen.scopes] == [
        ({"User": 2, "Group": 1}, 0),
        ({"User": 1, "Contact": 0}, 3),
    ]
    assert "scope OU=People,DC=test: 2 users, 1 group\n" in _said(seen)
    assert "scope DC=test: 1 user, 0 contacts; 3 other entries left out\n" in _said(seen)


def test_another_domain_inside_a_scope_is_told() -> None:
    said = _said(_examined(Told([_user(1)], references=("ldap://sub.test/DC=sub,DC=test",))))
    assert "    NOT READ: a part of a scope stands elsewhere (ldap://sub.test/DC=sub,DC=test)\n" in said


def test_a_scope_that_takes_in_nobody_is_told() -> None:
    said = _said(_examined(Told([_user(1)]), Scope("OU=Gone,DC=test", frozenset({Kind.USER}))))
    assert "scope OU=Gone,DC=test: 0 users  (NOTHING: correct its dn, kinds or filter)" in said


def test_what_was_read_at_a_server_that_was_lost_does_not_count() -> None:
    seen = _examined(Told([_user(1), *_group(9, 4), Restart("lost"), _user(1), *_group(9, 5)]))
    assert seen.scopes[0].kinds == {"User": 1, "Group": 1}
    assert [group.wanted for group in seen.sizes.largest] == [5]


def test_a_scope_that_is_named_by_its_guid_is_found_where_it_is_now_by_a_second_read() -> None:
    moved = Container(bytes(15) + b"\x07", "OU=Staff,DC=test")
    source = Told([_user(1, "OU=Staff,DC=test"), _user(2), moved])
    seen = _examined(source, replace(PEOPLE, guid=UUID(bytes_le=moved.guid)))
    assert seen.scopes[0].kinds == {"User": 1, "Group": 0}
    assert source.reads == 2
    assert _examined(named := Told([_user(1)])).scopes and named.reads == 1


@pytest.mark.parametrize("group", ["cn=G9, OU=People,DC=test", str(UUID(bytes_le=(9).to_bytes(16)))])
def test_of_a_scope_with_a_pilot_group_its_direct_members_count(group: str) -> None:
    facts = [*map(_user, range(6)), *_group(9, 4)]
    seen = _examined(Told(facts), replace(PEOPLE, group=group))
    assert (seen.scopes[0].kinds, seen.scopes[0].others) == ({"User": 4, "Group": 0}, 3)


def test_a_pilot_group_that_is_not_there_is_told_and_is_to_be_mended() -> None:
    seen = _examined(Told([_user(1)]), replace(PEOPLE, group="CN=Nobody,DC=test"))
    assert "    STANDS STILL: the pilot group CN=Nobody,DC=test is not there; name it by its GUID" in _said(seen)
    assert "NOTHING" not in _said(seen) and (seen.readable, seen.flawless) == (True, False)
    assert _examined(Told([_user(1)])).flawless


def test_groups_of_scopes_are_counted_by_size_and_the_large_ones_named_with_their_ramp() -> None:
    conditional = replace(BUILT_IN[-1], name="sales", min_members=2_000, where="has(object.mail)", built_in=False)
    facts = [*_group(1, 0), *_group(2, 1_500), *_group(3, 1_501), *_group(4, 50_000), *_group(5, 60_000, "DC=test")]
    seen = _examined(Told(facts), ramps=BUILT_IN)
    assert [(bucket.limit, bucket.wanted) for bucket in seen.sizes.buckets][:3] == [
        (1_500, 2),
        (5_000, 1),
        (50_000, 1),
    ]
    assert [(group.members, group.ramp, group.condition) for group in seen.ramped] == [
        (50_000, BUILT_IN[-1].name, False)
    ]
    said = _said(_examined(Told(facts), ramps=(conditional, *BUILT_IN)))
    assert "            2  with 0 to 1,500\n            1  with 1,501 to 5,000\n" in said
    assert "  1 group large enough for a ramp:\n" in said
    assert "       50,000  CN=g4,OU=People,DC=test  (ramp sales, if its condition holds)" in said
    assert "none is large enough for a ramp" in _said(_examined(Told(_group(1, 3))))
    assert "groups: none" in _said(_examined(Told([_user(1)])))


def test_of_many_groups_of_ramps_the_largest_are_named() -> None:
    small = replace(BUILT_IN[-1], min_members=1)
    facts = [fact for number in range(1, NAMED + 6) for fact in _group(number, number)]
    seen = _examined(Told(facts), ramps=[small])
    assert [group.members for group in seen.ramped] == list(range(NAMED + 5, 5, -1))
    assert "25 groups large enough for a ramp:" in _said(seen) and _said(seen).endswith("    and 5 more")


def test_a_read_that_breaks_off_is_told_and_is_not_readable() -> None:
    seen = _examined(Told([_user(1)], breaks=True))
    assert not seen.readable and not seen.flawless
    assert _said(seen) == "Source corp\n  NOT READ: ldaps://dc1: it broke off"


def test_how_changes_are_found_is_told_with_the_reason() -> None:
    seen = _examined(Told([_user(1)]))
    assert seen.readable and seen.flawless
    assert "  DC=test: 1 entry, complete\n    changes: USN (no right to DirSync)\n" in _said(seen)


RIGHT = Right("Replicating Directory Changes", "DC=test", False, "DirSync tells what changed", "grant it")
GOOD = ServerSeen(
    "ldaps://dc1",
    tls="TLSv1.3",
    certificate_until=DAY + 10 * 86_400,
    bound_as="reader",
    active_directory=True,
    skew=1.0,
)


@pytest.mark.parametrize(
    ("server", "flawless", "said"),
    [
        (
            GOOD,
            True,
            "ldaps://dc1  TLSv1.3, certificate for 10 days more, Active Directory, its clock is right to 1 s",
        ),
        (replace(GOOD, skew=None, host="dc1.test", vendor="X 1"), True, "dc1.test, X 1, does not tell its clock"),
        (replace(GOOD, skew=-61.0), False, "its clock is 61 s behind: CORRECT IT"),
        (replace(GOOD, skew=300.0), False, "its clock is 300 s ahead: CORRECT IT"),
        (replace(GOOD, max_values=1500), True, "answers hold at most 1,500 values of an attribute"),
        (
            replace(GOOD, rights=[RIGHT]),
            False,
            "MISSING: Replicating Directory Changes on DC=test (DirSync tells what",
        ),
        (
            replace(GOOD, rights=[replace(RIGHT, held=True)]),
            True,
            "has the right: Replicating Directory Changes on DC",
        ),
        (ServerSeen("ldaps://dc2", error="connecting failed"), False, "ldaps://dc2  NOT USED: connecting failed"),
    ],
)
def test_what_is_to_be_mended_at_a_server_is_told(server: ServerSeen, flawless: bool, said: str) -> None:
    seen = _examined(Told([_user(1)]), servers=[server])
    assert seen.flawless is flawless and seen.readable
    assert said in _said(seen)


TARGET = TargetSeen("ldaps://dc1", "OU=Cloud,DC=test", bound_as="writer", rights=[replace(RIGHT, held=True)])


@pytest.mark.parametrize(
    ("target", "flawless", "said"),
    [
        (
            TARGET,
            True,
            "  groups are written to OU=Cloud,DC=test at ldaps://dc1\n    signed in as writer\n    has the",
        ),
        (replace(TARGET, recycle_bin=True), True, "    the recycle bin is on"),
        (replace(TARGET, error="it is not there"), False, "at ldaps://dc1\n    NOT POSSIBLE: it is not there"),
        (
            replace(TARGET, rights=[replace(RIGHT, held=None)]),
            True,
            "NOT KNOWN: Replicating Directory Changes on DC=",
        ),
        (replace(TARGET, rights=[RIGHT]), False, "MISSING: Replicating Directory Changes on DC=test (DirSync tells"),
        (replace(TARGET, warnings=["it may too much"]), False, "    TO MEND: it may too much"),
        (replace(TARGET, controllers=1), True, "    1 domain controller can write the domain"),
        (
            replace(TARGET, controllers=3, link_interval=10_800.0),
            True,
            "    3 domain controllers can write the domain; the slowest site link replicates every 180 minutes",
        ),
        (replace(TARGET, lacking=["mail", "info"]), True, "    the schema has no mail, info: groups come without"),
    ],
)
def test_what_is_to_be_mended_where_groups_are_written_is_told(target: TargetSeen, flawless: bool, said: str) -> None:
    seen = replace(_examined(Told([_user(1)]), servers=[GOOD]), targets=[target])
    assert seen.flawless is flawless and seen.readable
    assert said in _said(seen)
    assert json.loads(examination_document([seen]))["sources"][0]["targets"][0]["container"] == "OU=Cloud,DC=test"


def test_programs_get_all_of_it() -> None:
    seen = _examined(Told([_user(1), *_group(9, 4)]), servers=[GOOD])
    told = json.loads(examination_document([seen]))
    assert told["version"] == 1
    (source,) = told["sources"]
    assert source["servers"][0]["tls"] == "TLSv1.3" and source["scopes"][0]["kinds"] == {"User": 1, "Group": 1}
    assert source["readable"] is source["flawless"] is True


def test_a_file_is_a_source_too_and_one_can_be_chosen(tmp_path: Path) -> None:
    document = str(ROOT / "examples/07-two-forests/syncconfig.yaml")
    both = run_command("source", "test", document, folder=tmp_path)
    assert (both.code, both.errors) == (0, [])
    assert [line for line in both.out.splitlines() if line.startswith("Source")] == [
        "Source accounts",
        "Source exchange",
    ]
    one = run_command("source", "test", document, "--source", "exchange", folder=tmp_path)
    assert one.out.strip() == both.out[both.out.index("Source exchange") :].strip()
    run_command("source", "test", document, "--source", "nobody", folder=tmp_path).assert_error(
        3, "no source 'nobody'", "accounts, exchange"
    )
