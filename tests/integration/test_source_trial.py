"""`syncramp source test` at real servers: what the page shows is what comes."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from support.console import ROOT, same
from support.samba import BASE, PASSWORD, READER, SYNC, Samba, requires_samba
from support.slapd import BASE as SLAPD_BASE
from support.slapd import PASSWORD as SLAPD_PASSWORD
from support.slapd import Slapd, requires_slapd, slapd
from support.walk import Done, run_command

PAGE = ROOT / "docs/source-test.md"
NOBODY = "ldaps://127.0.0.1:1"
TRIAL = f"OU=Trial,{BASE}"


def _tried(folder: Path, servers: list[str], secrets: Mapping[str, bytes], base: str) -> Done:
    """Try out a directory with a ramp for 20 members."""
    document = yaml.safe_load((ROOT / "examples/04-ldap/syncconfig.yaml").read_text(encoding="utf-8"))
    (source,) = document["spec"]["sources"]
    source["ldap"]["servers"], source["scope"] = servers, [{"dn": base, "kinds": ["User", "Group"]}]
    ramp = {"name": "pilot", "match": {"minMembers": 20}, "steps": [{"ceiling": 25}, {"ceiling": 100}]}
    document["spec"]["groups"] = {"ramps": [ramp]}
    (folder / "document.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    for name, value in secrets.items():
        path = folder / "secrets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(value)
    return run_command("source", "test", "document.yaml", folder=folder)


def _secrets(user: str, password: str, ca: bytes) -> Mapping[str, bytes]:
    return {
        "corp-reader/username": user.encode(),
        "corp-reader/password": password.encode(),
        "corp-ca/ca.crt": ca,
    }


def _fill(domain: Samba) -> None:
    people = [f"CN=Trial {number},{TRIAL}" for number in range(30)]
    users = [
        {"dn": dn, "objectClass": "user", "sAMAccountName": f"trial{number}"} for number, dn in enumerate(people)
    ]
    group = {"dn": f"CN=Everybody,{TRIAL}", "objectClass": "group", "sAMAccountName": "trial", "member": people}
    contact = {"dn": f"CN=Partner,{TRIAL}", "objectClass": "contact"}
    domain.add([{"dn": TRIAL, "objectClass": "organizationalUnit"}, *users, group, contact])
    domain.as_administrator.add(f"CN=Gone,{TRIAL}", "contact")
    domain.as_administrator.delete(f"CN=Gone,{TRIAL}")


@requires_samba
def test_the_page_shows_what_an_account_without_rights_is_told(domain: Samba, tmp_path: Path) -> None:
    _fill(domain)
    secrets = _secrets(domain.upn(READER), PASSWORD, domain.ca)
    done = _tried(tmp_path, [domain.ldaps, NOBODY], secrets, TRIAL)
    shown = PAGE.read_text(encoding="utf-8").partition("```text\n")[2].partition("```")[0]
    assert same(shown.splitlines(), done.out.splitlines()), done.out
    assert (done.code, done.errors) == (2, [])
    good = _tried(tmp_path, [domain.ldaps], _secrets(domain.upn(SYNC), PASSWORD, domain.ca), TRIAL)
    assert f"has the right: Replicating Directory Changes on {BASE}" in good.out
    assert f"has the right: List Deleted Objects on {BASE}" in good.out
    assert "MISSING" not in good.out and "    changes: DirSync\n" in good.out
    assert (good.code, good.errors) == (0, []), good.out


@requires_slapd
def test_after_a_wrong_password_no_further_try_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "slapd"
    folder.mkdir()
    with slapd(folder, f"dn: {SLAPD_BASE}\nobjectClass: domain\ndc: corp\n\n") as server:
        done = _refused(tmp_path, server)
        good = _tried(
            tmp_path, [server.ldaps], _secrets(f"cn=admin,{SLAPD_BASE}", SLAPD_PASSWORD, server.ca), SLAPD_BASE
        )
    assert done.code == 1
    assert f"  {server.ldaps}  NOT USED: the server refuses the user 'cn=admin,{SLAPD_BASE}'" in done.out
    assert f"  {server.ldap}  NOT USED: not tried, since {server.ldaps} refuses the account" in done.out
    assert done.out.endswith("  NOT READ: none of its servers can be used\n")
    assert good.code == 1 and "NOT complete: " in good.out, "nobody is in it"


def _refused(folder: Path, server: Slapd) -> Done:
    secrets = _secrets(f"cn=admin,{SLAPD_BASE}", "wrong", server.ca)
    return _tried(folder, [server.ldaps, server.ldap], secrets, SLAPD_BASE)
