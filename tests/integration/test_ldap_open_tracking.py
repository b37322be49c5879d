"""What changed of an OpenLDAP directory, as a real slapd tells it, makes the same of a copy as a full read."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from support.engine import Engine
from support.open_directory import BASE, PEOPLE, WANTED, WAYS, WITHOUT_LOG, Directory, open_directory, people, person
from support.slapd import requires_slapd
from syncramp.errors import InputRefused
from syncramp.model.facts import Container, Entry, Gone, Links
from syncramp.model.values import Kind
from syncramp.source import dn
from syncramp.source.ldap.watermark import decoded
from syncramp.spec.types import Scope


@pytest.fixture(params=WAYS)
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Directory]:
    options, tracking, found = WAYS[request.param]
    with open_directory(tmp_path, options, tracking) as made:
        made.follow()
        assert made.copy.proof.tracking == found and not made.copy.proof.delta
        assert len(made.copy.entries) == PEOPLE
        yield made


def _add_person(directory: Directory) -> None:
    directory.add(*person("new"))


def _change_person(directory: Directory) -> None:
    directory.set(f"uid=u1,ou=people,{BASE}", mail="other@example.com")


def _clear_attribute(directory: Directory) -> None:
    directory.set(f"uid=u2,ou=people,{BASE}", mail=[])


def _rename_person(directory: Directory) -> None:
    directory.rename(f"uid=u3,ou=people,{BASE}", "uid=renamed")


def _delete_person(directory: Directory) -> None:
    directory.delete(f"uid=u4,ou=people,{BASE}")


def _add_group(directory: Directory) -> None:
    members = [f"uid=u{number},ou=people,{BASE}" for number in (5, 6)]
    directory.add(f"cn=team,ou=groups,{BASE}", ["groupOfNames"], {"cn": "team", "member": members})


def _change_group(directory: Directory) -> None:
    directory.set(f"cn=team,ou=groups,{BASE}", member=[f"uid=u{number},ou=people,{BASE}" for number in (6, 7)])


def _delete_group(directory: Directory) -> None:
    directory.delete(f"cn=team,ou=groups,{BASE}")


def _add_unit(directory: Directory) -> None:
    directory.add(f"ou=more,ou=people,{BASE}", ["organizationalUnit"], {"ou": "more"})
    directory.add(*person("below", "more,ou=people"))


def _move_person(directory: Directory) -> None:
    directory.rename(f"uid=u8,ou=people,{BASE}", "uid=u8", f"ou=more,ou=people,{BASE}")


def _rename_unit(directory: Directory) -> None:
    directory.rename(f"ou=more,ou=people,{BASE}", "ou=less")


def _delete_unit(directory: Directory) -> None:
    for name in (
        f"uid=below,ou=less,ou=people,{BASE}",
        f"uid=u8,ou=less,ou=people,{BASE}",
        f"ou=less,ou=people,{BASE}",
    ):
        directory.delete(name)


def _change_several(directory: Directory) -> None:
    _change_person(directory)
    directory.delete(f"uid=u9,ou=people,{BASE}")
    directory.add(*person("u9"))


CHANGES: list[Callable[[Directory], None]] = [
    _add_person,
    _change_person,
    _clear_attribute,
    _rename_person,
    _delete_person,
    _add_group,
    _change_group,
    _delete_group,
    _add_unit,
    _move_person,
    _rename_unit,
    _delete_unit,
    _change_several,
]


@requires_slapd
def test_each_sort_of_change_is_told_and_little_else(directory: Directory) -> None:
    for change in CHANGES:
        change(directory)
        told = directory.catch_up()
        proof = directory.copy.proof
        assert proof.delta and not proof.why_full, change.__name__
        if proof.tracking == "SyncRepl":
            whole = [fact for fact in told if isinstance(fact, Entry | Container | Gone | Links)]
            assert len(whole) <= 6, change.__name__
        directory.assert_same()


@requires_slapd
def test_a_renamed_unit_is_told_without_what_lies_below_it(directory: Directory) -> None:
    directory.rename(f"ou=people,{BASE}", "ou=staff")
    told = directory.follow()
    assert [fact.dn for fact in told if isinstance(fact, Container)][-1:] == ["OU=staff,DC=example,DC=com"]
    if directory.copy.proof.tracking == "SyncRepl":
        assert not any(isinstance(fact, Entry) for fact in told)
    directory.assert_same()


@requires_slapd
def test_who_is_only_absent_is_gone_when_a_second_read_agrees(directory: Directory) -> None:
    _delete_person(directory)
    first, mark, second = directory.follow(), decoded(directory.copy.watermark), directory.follow()
    gone = [[fact.guid for fact in told if isinstance(fact, Gone)] for told in (first, second)]
    if b"sessionlog" in directory.server.configuration.read_bytes():
        assert [len(each) for each in gone] == [1, 0] and not mark.missing
    else:
        assert gone == [[], [*mark.missing]] and len(mark.missing) == 1
    there = next(iter(directory.copy.entries))
    directory.copy.watermark = replace(decoded(directory.copy.watermark), missing=frozenset({there})).encoded()
    assert [fact.guid for fact in directory.follow() if isinstance(fact, Entry)] == [there]
    assert not decoded(directory.copy.watermark).missing


@requires_slapd
def test_nothing_is_told_when_nothing_changed(directory: Directory) -> None:
    directory.set(f"uid=u1,ou=people,{BASE}", mail="other@example.com")
    directory.follow()
    for _ in range(2):
        assert directory.follow() == []
        assert directory.copy.proof.delta and directory.copy.proof.entries == 0


@requires_slapd
def test_members_by_the_names_of_accounts_follow_the_accounts(directory: Directory) -> None:
    account = {"uidNumber": "1", "gidNumber": "1", "homeDirectory": "/"}
    names = {"cn": "staff", "gidNumber": "1", "memberUid": ["u1", "later", "moved"]}
    directory.add(f"cn=staff,ou=groups,{BASE}", ["posixGroup"], names)
    steps: list[Callable[[], None]] = [
        lambda: None,
        lambda: directory.add(*person("later")),
        lambda: directory.set(f"uid=u2,ou=people,{BASE}", uid=["u2", "moved"]),
        lambda: directory.set(f"uid=u2,ou=people,{BASE}", uid=["u2"]),
        lambda: directory.set(f"uid=u3,ou=people,{BASE}", objectClass=["inetOrgPerson", "posixAccount"], **account),
        lambda: directory.delete(f"uid=u1,ou=people,{BASE}"),
    ]
    sizes = []
    for step in steps:
        step()
        directory.catch_up()
        directory.assert_same()
        sizes += [len(members) for members in directory.copy.members.values()]
    assert sizes == [1, 2, 3, 2, 2, 1]


# --- when everything is read all the same ------------------------------------------------------------------------


@requires_slapd
def test_a_cookie_that_is_not_taken_is_a_full_read(directory: Directory) -> None:
    mark = decoded(directory.copy.watermark)
    past = mark.cookie.replace(b"202", b"209", 1)  # of a server that is ahead
    directory.copy.watermark = replace(mark, cookie=past).encoded()
    directory.follow()
    assert not directory.copy.proof.delta
    assert directory.copy.proof.why_full and directory.copy.watermark
    directory.assert_same()


@requires_slapd
def test_a_server_that_was_restored_from_a_backup_is_read_in_full(directory: Directory, tmp_path: Path) -> None:
    directory.set(f"uid=u1,ou=people,{BASE}", mail="before@example.com")
    backup = directory.server.dump()
    directory.set(f"uid=u1,ou=people,{BASE}", mail="after@example.com")
    directory.delete(f"uid=u2,ou=people,{BASE}")
    directory.follow()
    (tmp_path / "restored").mkdir()
    with open_directory(tmp_path / "restored", WITHOUT_LOG, directory.tracking, backup) as restored:
        restored.copy = directory.copy
        assert restored.follow() == []
        assert not restored.copy.proof.fresh.proven
        restored.copy.horizon = None  # as once a person accepted that the older state is the true one
        restored.follow()
        assert not restored.copy.proof.delta and restored.copy.proof.fresh.proven
        restored.assert_same()


@requires_slapd
def test_another_directory_is_read_in_full(directory: Directory, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with open_directory(tmp_path / "other", WITHOUT_LOG, directory.tracking) as other:
        other.copy = directory.copy
        other.follow()
        assert other.copy.proof.why_full == "it is another directory than the one that was read before"
        other.assert_same()


@requires_slapd
def test_another_way_than_before_is_a_full_read(directory: Directory) -> None:
    directory.tracking = "ContextCSN" if directory.copy.proof.tracking == "SyncRepl" else "SyncRepl"
    directory.follow()
    assert directory.copy.proof.why_full.startswith(f"changeTracking is {directory.tracking}, and was ")
    directory.assert_same()


# --- which way is taken ------------------------------------------------------------------------------------------


@requires_slapd
def test_a_server_that_offers_neither_way_is_read_in_full_each_time(tmp_path: Path) -> None:
    with open_directory(tmp_path, (), "Auto") as directory:
        for _ in range(2):
            directory.follow()
            assert directory.copy.proof.tracking == "Full"
            assert "changes cannot be told: the server does not offer it" in directory.copy.proof.why_full
            assert directory.copy.watermark is None
        for way in ("SyncRepl", "ContextCSN"):
            with pytest.raises(InputRefused, match=f"cannot be found by {way}: the server does not offer it"):
                list(directory.source(way).read(dn.canonical(BASE), WANTED))


@requires_slapd
def test_a_context_csn_that_does_not_move_is_not_believed(tmp_path: Path) -> None:
    """Without the overlay nobody keeps it, whatever changes; what an import left there stays for ever."""
    with open_directory(tmp_path, WITHOUT_LOG, "Auto") as before:
        before.set(f"uid=u1,ou=people,{BASE}", mail="other@example.com")
        dump = before.server.dump()
    (tmp_path / "bare").mkdir()
    with open_directory(tmp_path / "bare", (), "Auto", dump) as directory:
        directory.follow()
        assert directory.copy.proof.tracking == "ContextCSN"
        for change in (_delete_person, _add_person, _change_person):
            change(directory)
            directory.catch_up()
            assert directory.copy.proof.delta
            directory.assert_same()


@requires_slapd
def test_entries_with_an_object_guid_of_their_own_are_read_in_full(tmp_path: Path) -> None:
    """The server would tell of them by another GUID."""
    own = f"dn: cn=own,{BASE}\nobjectClass: user\ncn: own\nsn: own\nobjectGUID:: AAECAwQFBgcICQoLDA0ODw==\n\n"
    with open_directory(tmp_path, WITHOUT_LOG, "Auto", people() + own) as directory:
        directory.follow()
        assert directory.copy.proof.tracking == "Full" and directory.copy.watermark is None
        assert "entries have an objectGUID of their own" in directory.copy.proof.why_full
        (entry,) = [each for each in directory.copy.entries.values() if each.dn.startswith("CN=own")]
        directory.copy.sentinels = {entry.guid: frozenset(entry.attributes)}
        directory.follow()
        assert not directory.copy.proof.looked.vanished, "sentinels are found by the GUID that they have"


@requires_slapd
def test_sentinels_show_what_they_have_in_other_words(directory: Directory) -> None:
    entries = list(directory.copy.entries.values())[:8]
    assert all("samaccountname" in entry.attributes for entry in entries)
    directory.copy.sentinels = {entry.guid: frozenset(entry.attributes) for entry in entries}
    directory.follow()
    looked = directory.copy.proof.looked
    assert looked.asked == 8 and not looked.vanished and not looked.unseen


# --- all the way into the cloud ----------------------------------------------------------------------------------


@requires_slapd
def test_people_and_groups_arrive_in_the_cloud_and_follow_what_changes(directory: Directory, tmp_path: Path) -> None:
    """Members by DN, by DN with a number, and by the name of an account."""
    named = [f"uid=u{number},ou=people,{BASE}" for number in range(3)]
    directory.add(f"cn=names,ou=groups,{BASE}", ["groupOfNames"], {"cn": "names", "member": named[:2]})
    unique = {"cn": "unique", "uniqueMember": [f"{named[2]}#'01'B"]}
    directory.add(f"cn=unique,ou=groups,{BASE}", ["groupOfUniqueNames"], unique)
    names = {"cn": "posix", "gidNumber": "1", "memberUid": ["u0", "nobody"]}
    directory.add(f"cn=posix,ou=groups,{BASE}", ["posixGroup"], names)
    engine = Engine(tmp_path / "state.db", sources=[directory.source()])
    with patch("support.engine.SCOPE", Scope(dn.canonical(BASE), frozenset(Kind))):
        report, _ = engine.run()
        assert report.warnings == {"memberUid that no account of the source has": 1}
        assert len(engine.cloud.objects) == PEOPLE + 3
        assert _members(engine) == {"names": 2, "unique": 1, "posix": 1}

        directory.set(f"cn=posix,ou=groups,{BASE}", memberUid=["u1", "u2"])
        directory.set(f"cn=names,ou=groups,{BASE}", member=named[:1])
        directory.set(named[1], mail="other@example.com")
        directory.add(*person("new"))
        report, _ = engine.run()
        (read,) = report.sources
        assert read.delta and read.complete and read.entries <= 5 + 1
        assert len(engine.cloud.objects) == PEOPLE + 4
        assert _members(engine) == {"names": 1, "unique": 1, "posix": 2}

        directory.delete(named[2])
        engine.run()
        engine.settle()
        assert len(engine.cloud.objects) == PEOPLE + 3


def _members(engine: Engine) -> dict[str, int]:
    groups = {
        anchor: held.values["displayName"] for anchor, held in engine.cloud.objects.items() if held.kind == "Group"
    }
    return {str(name): len(engine.cloud.links.get(anchor, ())) for anchor, name in groups.items()}
