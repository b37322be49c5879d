"""A small OpenLDAP directory of people that a test changes, and a copy that follows it by deltas."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ldap3

from support.mirror import Mirror
from support.slapd import PASSWORD, Slapd, slapd
from syncramp.model.facts import Fact, Proof
from syncramp.source import dn
from syncramp.source.ldap import LdapSource

BASE = "dc=example,dc=com"
ADMIN = f"cn=admin,{BASE}"
WANTED = frozenset({"member", "cn", "mail", "samaccountname", "grouptype"})
PEOPLE = 300
WITH_LOG = ("overlay syncprov", "syncprov-sessionlog 1000", "syncprov-checkpoint 1 1")
WITHOUT_LOG = ("overlay syncprov", "syncprov-checkpoint 1 1")
WAYS = {
    "a session log": (WITH_LOG, "Auto", "SyncRepl"),
    "no session log": (WITHOUT_LOG, "Auto", "SyncRepl"),
    "contextCSN": (WITHOUT_LOG, "ContextCSN", "ContextCSN"),
}


def person(name: str, ou: str = "people") -> tuple[str, list[str], dict[str, str]]:
    values = {"cn": name, "sn": name, "uid": name, "mail": f"{name}@example.com"}
    return f"uid={name},ou={ou},{BASE}", ["inetOrgPerson"], values


def people() -> str:
    records = [f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n"]
    records += [f"dn: ou={ou},{BASE}\nobjectClass: organizationalUnit\nou: {ou}\n\n" for ou in ("people", "groups")]
    for number in range(PEOPLE):
        name, classes, values = person(f"u{number}")
        lines = "".join(f"{key}: {value}\n" for key, value in values.items())
        records.append(f"dn: {name}\nobjectClass: {classes[0]}\n{lines}\n")
    return "".join(records)


@dataclass
class Directory:
    """A server, somebody who changes it, and two readers."""

    server: Slapd
    admin: Any
    tracking: str
    copy: Mirror

    def source(self, tracking: str = "") -> LdapSource:
        made = (self.server.ca, [dn.canonical(BASE)])
        return LdapSource("corp", [self.server.ldaps], ADMIN, PASSWORD, *made, tracking=tracking or self.tracking)

    def follow(self) -> list[Fact]:
        """A read by the copy; what it was told, without the proof."""
        self.copy.take(self.source().read(dn.canonical(BASE), WANTED, self.copy))
        return [fact for fact in self.copy.told if not isinstance(fact, Proof)]

    def catch_up(self) -> list[Fact]:
        """Where nobody says who was deleted, two reads must agree."""
        return [*self.follow(), *self.follow()]

    def assert_same(self) -> None:
        anew = Mirror()
        anew.take(self.source("Full").read(dn.canonical(BASE), WANTED))
        assert self.copy.shape() == anew.shape()

    # --- changes ---------------------------------------------------------------------------------------------------

    def add(self, name: str, classes: list[str], values: dict[str, Any]) -> None:
        assert self.admin.add(name, classes, values), self.admin.result

    def set(self, entry: str, **values: str | list[str]) -> None:
        changes = {
            key: [(ldap3.MODIFY_REPLACE, [value] if isinstance(value, str) else value)]
            for key, value in values.items()
        }
        assert self.admin.modify(entry, changes), self.admin.result

    def rename(self, name: str, rdn: str, below: str | None = None) -> None:
        assert self.admin.modify_dn(name, rdn, new_superior=below), self.admin.result

    def delete(self, name: str) -> None:
        assert self.admin.delete(name), self.admin.result


@contextmanager
def open_directory(
    folder: Path, options: tuple[str, ...], tracking: str, ldif: str | bytes = ""
) -> Iterator[Directory]:
    text = ldif.decode() if isinstance(ldif, bytes) else ldif or people()
    with slapd(folder, text, options=options, base=BASE, checked=True) as server:
        reader = ldap3.Server("127.0.0.1", server.ldap_port, get_info=ldap3.NONE)
        admin = ldap3.Connection(reader, ADMIN, PASSWORD, auto_bind=True)
        try:
            yield Directory(server, admin, tracking, Mirror())
        finally:
            admin.unbind()
