"""What an account that writes groups may do at a real domain controller, and how `syncramp source test` tells it."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import yaml

from support.console import ROOT, same
from support.looked import mark
from support.samba import ADMINISTRATOR, PASSWORD, READER, SYNC, Samba, requires_samba
from support.walk import Done, run_command
from syncramp.directory import rights, schema
from syncramp.model.examination import Right
from syncramp.source.ldap import LdapSource
from syncramp.source.ldap.session import Session

PAGE = ROOT / "docs/writeback-rights.md"
GROUP = "bf967a9c-0de6-11d0-a285-00aa003049e2"
ATTRIBUTES = {
    "member": "bf9679c0-0de6-11d0-a285-00aa003049e2",
    "cn": "bf96793f-0de6-11d0-a285-00aa003049e2",
    "name": "bf967a0e-0de6-11d0-a285-00aa003049e2",
    "sAMAccountName": "3e0abfd0-126a-11d0-a060-00aa006c33ed",
    "groupType": "9a9a021e-4a5b-11d1-a9c3-0000f80367c1",
    "displayName": "bf967953-0de6-11d0-a285-00aa003049e2",
    "description": "bf967950-0de6-11d0-a285-00aa003049e2",
    "adminDescription": "bf967919-0de6-11d0-a285-00aa003049e2",
    "mail": "bf967961-0de6-11d0-a285-00aa003049e2",
    "proxyAddresses": "bf967a06-0de6-11d0-a285-00aa003049e2",
    "msDS-ExternalDirectoryObjectId": "bd29bf90-66ad-40e1-887b-10df070419a6",
}
"""schemaIDGUID of each, MS-ADA1 to MS-ADA3 and MS-ADSC."""
CREATES = f"(OA;CI;CC;{GROUP};;{{sid}})"
DELETES = f"(OA;CI;DC;{GROUP};;{{sid}})"
LISTS_DELETED = "(A;;LCRP;;;{sid})"


def _writes(*names: str) -> list[str]:
    return [f"(OA;CIIO;WP;{ATTRIBUTES[name]};{GROUP};{{sid}})" for name in names]


def _session(domain: Samba, upn: str) -> Session:
    return LdapSource("corp", [domain.ldaps], upn, PASSWORD, domain.ca, [domain.base]).connect_to(domain.ldaps)


def _held(domain: Samba, unit: str, upn: str) -> Mapping[str, Right]:
    with closing(_session(domain, upn)) as session:
        forest = schema.look(session, session.root(), domain.base)
        told = rights.needed(session, domain.base, unit, forest.attributes)
        return {right.name.split()[0] + " " + right.name.split()[1].strip(","): right for right in told}


@requires_samba
def test_rights_are_told_one_by_one(domain: Samba) -> None:
    person = domain.as_administrator
    unit = person.add_unit("Rights")
    before = _held(domain, unit, domain.upn(READER))
    assert {name: right.held for name, right in before.items()} == {
        "Create groups": False,
        "Delete groups": None,
        "Write member": None,
        "Write adminDescription": None,
        "List Deleted": False,
    }
    assert "no group is there yet" in before["Write member"].why
    person.add_group("rights-group", unit)

    creates = domain.add_writer(unit, CREATES, DELETES)
    told = _held(domain, unit, creates)
    assert (told["Create groups"].held, told["Write member"].held) == (True, False)

    adds = domain.add_writer(unit, *_writes("member"))
    told = _held(domain, unit, adds)
    assert (told["Create groups"].held, told["Write member"].held) == (False, True)
    assert told["Write adminDescription"].held is False
    assert f'dsacls "{unit}" /I:T /G "DOMAIN\\account:CC;group"' in told["Create groups"].remedy

    lacks_two = [name for name in ATTRIBUTES if name not in ("member", "description", "mail")]
    told = _held(domain, unit, domain.add_writer(unit, *_writes(*lacks_two)))
    (wanting,) = [right for right in told.values() if right.name.startswith("Write") and "member" not in right.name]
    assert wanting.name == "Write description, mail"
    assert wanting.remedy == (
        f'grant it: dsacls "{unit}" /I:S /G "DOMAIN\\account:WP;description;group" "DOMAIN\\account:WP;mail;group"'
    )


@requires_samba
def test_with_every_right_of_the_page_nothing_is_missing(domain: Samba) -> None:
    unit = domain.as_administrator.add_unit("Every right")
    domain.as_administrator.add_group("every-group", unit)
    upn = domain.add_writer(unit, CREATES, DELETES, *_writes(*ATTRIBUTES))
    domain.let(upn.partition("@")[0], f"CN=Deleted Objects,{domain.base}", LISTS_DELETED)
    told = _held(domain, unit, upn)
    assert [name for name, right in told.items() if right.held is False] == []
    assert [name for name, right in told.items() if right.held is None] == ["Delete groups"]


@requires_samba
def test_what_the_account_should_not_have_is_told(domain: Samba) -> None:
    unit = domain.as_administrator.add_unit("Too much")
    plain = domain.add_writer(unit, CREATES)
    with closing(_session(domain, plain)) as session:
        assert list(rights.excess(session, domain.base)) == []
    with closing(_session(domain, domain.upn(SYNC))) as session:
        assert [text.partition(",")[0] for text in rights.excess(session, domain.base)] == [
            "the account may replicate directory changes"
        ]
    with closing(_session(domain, domain.upn(ADMINISTRATOR))) as session:
        told = list(rights.excess(session, domain.base))
    for name in ("Domain Admins", "Schema Admins", "Enterprise Admins", "Administrators"):
        assert f"the account is in {name}: give it the rights it needs, and take it out" in told
    assert not any("Account Operators" in text for text in told)
    name = plain.partition("@")[0]
    operators = f"CN=Account Operators,CN=Builtin,{domain.base}"
    domain.as_administrator.add_values(operators, member=f"CN={name},CN=Users,{domain.base}")
    with closing(_session(domain, plain)) as session:
        assert any("Account Operators" in text for text in rights.excess(session, domain.base))


def _tried(domain: Samba, folder: Path, container: str, writer: str, *options: str) -> Done:
    document = yaml.safe_load((ROOT / "examples/04-ldap/syncconfig.yaml").read_text(encoding="utf-8"))
    (source,) = document["spec"]["sources"]
    source["ldap"]["servers"], source["scope"] = [domain.ldaps], [{"dn": container}]
    groups = {"source": "corp", "container": container, "bind": {"secretRef": {"name": "corp-writer"}}}
    document["spec"]["writeback"] = {"groups": groups}
    (folder / "document.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    for account, upn in (("corp-reader", domain.upn(SYNC)), ("corp-writer", writer)):
        place = folder / "secrets" / account
        place.mkdir(parents=True, exist_ok=True)
        (place / "username").write_text(upn)
        (place / "password").write_text(PASSWORD)
    (folder / "secrets" / "corp-ca").mkdir(exist_ok=True)
    (folder / "secrets" / "corp-ca" / "ca.crt").write_bytes(domain.ca)
    return run_command("source", "test", "document.yaml", *options, folder=folder)


def _written_part(done: Done) -> list[str]:
    lines = done.out.splitlines()
    start = next(number for number, line in enumerate(lines) if "groups are written to" in line)
    return lines[start:]


@requires_samba
def test_the_page_shows_what_is_told_of_an_account_with_some_rights(domain: Samba, tmp_path: Path) -> None:
    unit = domain.as_administrator.add_unit("Cloud groups")
    domain.as_administrator.add(
        f"CN={mark(701)},{unit}", "group", sAMAccountName=mark(701), adminDescription=mark(701)
    )
    names = [name for name in ATTRIBUTES if name != "description"]
    done = _tried(domain, tmp_path, unit, domain.add_writer(unit, CREATES, DELETES, *_writes(*names)))
    shown = PAGE.read_text(encoding="utf-8").partition("```text\n")[2].partition("```")[0]
    assert same(shown.splitlines(), _written_part(done)), done.out
    assert done.code == 2


@requires_samba
def test_an_account_that_cannot_sign_in_or_a_place_that_is_not_there_is_told(domain: Samba, tmp_path: Path) -> None:
    unit = domain.as_administrator.add_unit("Not possible")
    domain.as_administrator.add_user("not-possible", unit)
    done = _tried(domain, tmp_path, unit, "nobody@corp.example.test")
    assert "NOT POSSIBLE: the server refuses the user 'nobody@corp.example.test'" in done.out
    assert "what the Secret of spec.writeback.groups.bind holds" in done.out
    assert done.code == 2
    done = _tried(domain, tmp_path, f"CN=not-possible,{unit}", domain.upn(READER), "--output", "json")
    assert "is neither an organizational unit nor a container" in done.out
    assert '"flawless": false' in done.out
