"""Whom somebody means who asks about one entry: by any name, in any spelling, and what is said when it is nobody."""

import threading
from uuid import UUID

import pytest

from support.build import BASE, group, guid, user, user_dn
from support.engine import Engine
from support.explained import asked, explained, lines
from syncramp.store.store import Store


@pytest.fixture
def known(engine: Engine) -> Engine:
    """The engine after its first run, with somebody who has addresses and a name that needs an escape."""
    engine.source.add(
        user(
            4,
            cn="Weiß, Viktor",
            mail="viktor@example.org",
            proxyAddresses=["SMTP:viktor@example.org", "smtp:VW@corp.example.com"],
        )
    )
    engine.run()
    return engine


@pytest.mark.parametrize(
    "spelling",
    [
        user_dn(4),
        user_dn(4).lower(),
        user_dn(4).replace(",", " , "),
        f"  {user_dn(4)}",
        str(UUID(bytes_le=guid(4))),
        f"{{{UUID(bytes_le=guid(4))}}}",
        "user4@corp.example.com",
        "USER4@Corp.Example.Com",
        "viktor@example.org",
        "vw@corp.example.com",
        "smtp:vw@corp.example.com",
        "user4",
    ],
)
def test_somebody_is_found_by_any_of_their_names(known, spelling: str) -> None:
    assert explained(known, spelling).dn == user_dn(4)


def test_somebody_is_found_by_the_anchors_of_the_directory_and_of_the_cloud(known) -> None:
    anchor = known.anchor(user(4))
    assert explained(known, anchor).dn == user_dn(4)
    assert explained(known, known.cloud.objects[anchor].cloud_anchor.lower()).dn == user_dn(4)


def test_an_object_guid_as_base64_finds_who_has_another_anchor(known) -> None:
    plain = known.anchor(user(5))
    known.source.add(user(5, mS_DS_ConsistencyGuid=b"some other bytes"))
    known.run()
    assert explained(known, plain).dn == user_dn(5)


def test_a_name_that_several_have_lists_them_and_explains_none(known) -> None:
    known.source.add(user(5, mail="viktor@example.org"))
    known.run()
    answer = asked(known, "viktor@example.org")
    assert answer.explanation is None
    assert [brief.dn for brief in answer.finding.found] == [user_dn(4), user_dn(5)]
    head, *rest = lines(known, "viktor@example.org")
    assert head == "2 entries are known as viktor@example.org; ask for one of them by its DN:"
    assert rest[0] == f"    User {user_dn(4)} (source corp, in the cloud; mail)"


def test_who_is_not_synchronised_is_found_too(known) -> None:
    known.source.add(user(6, sAMAccountName="MSOL_6", userPrincipalName="msol@corp.example.com"))
    known.run()
    assert explained(known, "msol@corp.example.com").dn == user_dn(6)
    known.source.add(user(7, sAMAccountName="MSOL_7", userPrincipalName="MSOL7@corp.example.com"))
    known.run()
    assert explained(known, "msol7@corp.example.com").dn == user_dn(7)


def test_a_name_that_only_the_cloud_has_still_finds_its_object(known) -> None:
    known.cloud.refuse = lambda obj: "no"
    known.source.add(user(1, userPrincipalName="renamed@corp.example.com"))
    known.run()
    assert explained(known, "user1@corp.example.com").dn == user_dn(1)


def test_a_part_of_a_name_is_no_name(known) -> None:
    answer = asked(known, "user4@corp.example")
    assert not answer.finding.found
    assert [brief.dn for brief in answer.finding.near] == [user_dn(4)]


def test_nobody_is_found_and_the_same_account_at_another_domain_is_named(known) -> None:
    answer = asked(known, "viktor@contoso.com")
    assert answer.explanation is None and not answer.finding.found
    assert [brief.dn for brief in answer.finding.near] == [user_dn(4)]
    assert lines(known, "viktor@contoso.com")[:2] == [
        "Nothing that was read is known as viktor@contoso.com.",
        "  looked for as userPrincipalName, mail, proxyAddresses, sAMAccountName",
    ]


def test_a_dn_that_was_not_read_names_who_has_the_same_name_elsewhere(known) -> None:
    answer = asked(known, f"CN=User 1,OU=Elsewhere,{BASE}")
    assert [brief.dn for brief in answer.finding.near] == [user_dn(1)]
    assert answer.finding.looked_for == ("anchor", "distinguished name")


@pytest.mark.parametrize("nonsense", ["", " ", "@", "=", "%", "_", "\\", "CN=", "'; DROP TABLE entries", "ß", "\x00"])
def test_nonsense_finds_nobody_and_breaks_nothing(known, nonsense: str) -> None:
    assert asked(known, nonsense).explanation is None


def test_a_name_in_a_dn_is_no_pattern(known) -> None:
    assert not asked(known, f"CN=User _,OU=Elsewhere,{BASE}").finding.near


def test_an_answer_is_of_one_moment_while_another_process_writes(known) -> None:
    """A run commits between two questions of one answer; both see the store as it was."""
    with known.store() as reader, reader.database.reading():
        before = reader.lookup.names([1])
        writer = threading.Thread(target=_rename, args=(known,))
        writer.start()
        writer.join()
        assert reader.lookup.names([1]) == before
    with known.store() as reader:
        assert reader.lookup.names([1]) != before


def _rename(engine: Engine) -> None:
    store = Store(engine.path, lambda dn: 0)
    with store.database.transaction():
        store.database.run("UPDATE entries SET dn = 'CN=renamed' WHERE id = 1")
    store.close()


def test_a_group_is_found_by_its_account_name(known) -> None:
    assert explained(known, "group101").dn == group(101).dn
