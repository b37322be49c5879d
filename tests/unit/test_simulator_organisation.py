"""The made organisation: the same every time, as large as it says, and changed as it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from syncramp.errors import InputRefused
from syncramp.model.facts import Entry, Links, Proof
from syncramp.model.values import Kind
from syncramp.simulator.organisation import Changes, change_forests, write_forests
from syncramp.source.ldif import LdifSource

PEOPLE = 1200
NAMES = (
    "cn displayname mail userprincipalname proxyaddresses useraccountcontrol manager department objectsid "
    "samaccountname grouptype ms-ds-consistencyguid iscriticalsystemobject distinguishedname"
)
WANTED = frozenset(NAMES.split())


@dataclass
class Read:
    """A forest as the engine reads it."""

    entries: dict[str, Entry] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    proof: Proof | None = None

    def of(self, kind: Kind, below: str = "") -> list[Entry]:
        return [entry for entry in self.entries.values() if entry.kind is kind and below in entry.dn]

    @property
    def people(self) -> list[Entry]:
        return [entry for entry in self.of(Kind.USER, "OU=People") if "CN=Builtin" not in entry.dn]


def _read(path: Path) -> Read:
    read = Read()
    names: dict[bytes, str] = {}
    for fact in LdifSource("made", path, None).read("file", WANTED):
        match fact:
            case Entry():
                read.entries[fact.dn] = fact
                names[fact.guid] = fact.dn
            case Links():
                read.members.setdefault(names[fact.guid], set()).update(fact.dns)
            case Proof():
                read.proof = fact
    return read


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("organisation")


@pytest.fixture(scope="module")
def days(folder: Path) -> tuple[Read, Read, Changes]:
    write_forests(folder, PEOPLE)
    first = _read(folder / "corp.ldif")
    changes = change_forests(folder)
    return first, _read(folder / "corp.ldif"), changes


def _values(entry: Entry) -> Mapping[str, tuple[bytes, ...]]:
    return entry.attributes


def _big(read: Read) -> set[str]:
    return next(members for dn, members in read.members.items() if dn.startswith("CN=All Employees,"))


def test_the_same_seed_gives_the_same_files(tmp_path: Path, folder: Path) -> None:
    write_forests(tmp_path, PEOPLE)
    first = (tmp_path / "corp.ldif").read_bytes(), (tmp_path / "labs.ldif").read_bytes()
    change_forests(tmp_path)
    changed = (tmp_path / "corp.ldif").read_bytes()
    write_forests(tmp_path, PEOPLE)
    assert ((tmp_path / "corp.ldif").read_bytes(), (tmp_path / "labs.ldif").read_bytes()) == first
    change_forests(tmp_path, people=PEOPLE)
    assert (tmp_path / "corp.ldif").read_bytes() == changed
    write_forests(tmp_path, PEOPLE, seed=8)
    assert (tmp_path / "corp.ldif").read_bytes() != first[0]


def test_the_files_prove_that_they_are_whole(tmp_path: Path) -> None:
    write_forests(tmp_path, PEOPLE)
    for name in ("corp.ldif", "labs.ldif"):
        proof = _read(tmp_path / name).proof
        assert proof is not None
        assert proof.complete, proof.reason


def test_the_people_are_divided_over_two_forests(tmp_path: Path) -> None:
    said = write_forests(tmp_path, PEOPLE)
    corp, labs = _read(tmp_path / "corp.ldif"), _read(tmp_path / "labs.ldif")
    assert len(corp.people) == PEOPLE * 19 // 20
    assert len(labs.people) == PEOPLE // 20
    assert said.links == sum(map(len, (*corp.members.values(), *labs.members.values())))
    assert said.groups == len(corp.of(Kind.GROUP)) + len(labs.of(Kind.GROUP))
    assert abs(said.links - 2 * PEOPLE) < PEOPLE // 20
    assert b"\r\n" in (tmp_path / "labs.ldif").read_bytes()
    assert b"\r\n" not in (tmp_path / "corp.ldif").read_bytes()


def test_the_big_group_has_eleven_of_twelve_people(days: tuple[Read, Read, Changes]) -> None:
    assert len(_big(days[0])) == PEOPLE * 11 // 12


def test_every_member_exists_and_some_are_outside_the_scope(days: tuple[Read, Read, Changes]) -> None:
    for read in days[:2]:
        everybody = set().union(*read.members.values())
        assert everybody <= read.entries.keys()
        assert any("OU=Service Accounts" in dn for dn in everybody)
        assert any(",OU=Groups," in dn for dn in everybody), "groups in groups"
        assert any(read.entries[dn].kind is Kind.CONTACT for dn in everybody)


def test_what_must_be_unique_is_unique(tmp_path: Path) -> None:
    write_forests(tmp_path, 9000)
    corp, labs = _read(tmp_path / "corp.ldif"), _read(tmp_path / "labs.ldif")
    entries = [*corp.entries.values(), *labs.entries.values()]
    assert len({entry.guid for entry in entries}) == len(entries)
    for name in ("userprincipalname", "proxyaddresses", "objectsid"):
        values = [value for entry in entries for value in entry.attributes.get(name, ())]
        assert len(set(values)) == len(values), name


def test_managers_are_six_deep(tmp_path: Path) -> None:
    from syncramp.simulator.people import manager_of

    depth, number = 1, 57_000 - 1
    while (above := manager_of(number)) is not None:
        depth, number = depth + 1, above
    assert depth == 6


def test_one_account_is_disabled_and_one_is_critical(days: tuple[Read, Read, Changes]) -> None:
    first = days[0]
    assert sum(_values(entry)["useraccountcontrol"] == (b"514",) for entry in first.people) == 1
    critical = [e for e in first.of(Kind.USER, "OU=People") if "iscriticalsystemobject" in _values(e)]
    assert len(critical) == 1
    assert any(b"\xc3" in _values(entry)["displayname"][0] for entry in first.people), "non-ASCII names"
    halves = [_values(entry).get("ms-ds-consistencyguid") for entry in first.people]
    assert halves.count(None) == len(halves) // 2


def test_the_second_day_has_its_joiners_and_misses_one(days: tuple[Read, Read, Changes]) -> None:
    first, second, changes = days
    moved = {changes.moved_from, changes.moved_to}
    assert len(changes.joiners) == 12
    assert second.entries.keys() - first.entries.keys() - moved == set(changes.joiners)
    assert first.entries.keys() - second.entries.keys() - moved == {changes.gone}
    assert not set(changes.joiners) & set().union(*second.members.values())


def test_the_second_day_changes_those_it_names_and_nobody_else(days: tuple[Read, Read, Changes]) -> None:
    first, second, changes = days
    both = first.entries.keys() & second.entries.keys()
    changed = {dn for dn in both if first.entries[dn] != second.entries[dn]}
    reports = {
        dn
        for dn in both
        if _values(first.entries[dn]).get("manager", ()) in ((changes.gone.encode(),), (changes.moved_from.encode(),))
    }
    assert reports
    assert changed == reports | {changes.leaver}
    assert _values(first.entries[changes.leaver])["useraccountcontrol"] == (b"512",)
    assert _values(second.entries[changes.leaver])["useraccountcontrol"] == (b"514",)
    assert first.entries[changes.moved_from].guid == second.entries[changes.moved_to].guid


def test_the_second_day_changes_few_memberships(days: tuple[Read, Read, Changes]) -> None:
    first, second, changes = days

    def rename(members: set[str]) -> set[str]:
        return {changes.moved_to if dn == changes.moved_from else dn for dn in members} - {changes.gone}

    assert _big(second) - rename(_big(first)) == {changes.added}
    for dn, members in first.members.items():
        if not dn.startswith("CN=All Employees,"):
            assert second.members[dn] == rename(members)
    assert any(changes.gone in members for members in first.members.values())
    assert changes.gone not in _big(first)


def test_both_say_what_they_did_in_a_few_lines(days: tuple[Read, Read, Changes], tmp_path: Path) -> None:
    assert "1,200 people" in str(write_forests(tmp_path, PEOPLE))
    said = str(days[2]).splitlines()
    assert len(said) == 6
    assert said[0].startswith("12 people joined")


def test_too_few_people_and_an_unknown_first_day_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="too few"):
        write_forests(tmp_path, 30)
    with pytest.raises(InputRefused, match="no made organisation"):
        change_forests(tmp_path)
