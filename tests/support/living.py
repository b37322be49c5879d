"""Directories that live: the same changes done to a file, OpenLDAP, Samba and the double of Active Directory.

A test names entries by short names, whatever becomes of their DNs, and asks for a source that reads them.
"""

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import ldap3

from support import samba as controller
from support.ad_double_server import PASSWORD as DOUBLE_PASSWORD
from support.ad_double_server import READER, Controller
from support.ad_double_tree import Replica
from support.samba import Samba
from support.slapd import ADMIN, PASSWORD, Slapd, slapd
from support.slapd import BASE as SLAPD_BASE
from syncramp.model.seams import Source
from syncramp.source.bases import Base
from syncramp.source.dn import canonical
from syncramp.source.ldap import LdapSource
from syncramp.source.ldif import LdifSource

GROUP_TYPE = "-2147483646"
"""A global security group (MS-ADTS 2.2.12)."""
_CLASSES = {"unit": "organizationalUnit", "user": "user", "group": "group"}


def escaped(value: str) -> str:
    """A value as it stands in a DN (RFC 4514 2.4)."""
    text = re.sub(r'([\\,+"<>;=])', r"\\\1", value)
    text = re.sub(r"^([ #])", r"\\\1", text)
    return re.sub(r" $", r"\\ ", text)


@dataclass
class Node:
    """An entry."""

    kind: str
    rdn: str
    parent: str
    guid: bytes = b""
    values: dict[str, str | bytes] = field(default_factory=dict)
    members: list[str] = field(default_factory=list)


class Living:
    """A directory that tests change; what they do is kept here, and done by those below."""

    restores = True
    """A deleted entry comes back with its GUID."""
    revives_links = False
    """It is in its groups again then, as where the recycle bin is on."""
    dangles = False
    """A deleted member stays named in its groups."""
    takes_bytes = True
    """A value need not be what its syntax says."""
    refuses: frozenset[str] = frozenset()
    """Names that it does not take, though the standard does."""

    def __init__(self, top: str) -> None:
        self.top = top
        """The DN below which everything lies."""
        self.nodes: dict[str, Node] = {}

    def dn(self, name: str) -> str:
        """The canonical DN of an entry."""
        node = self.nodes[name]
        return canonical(f"{node.rdn},{self.dn(node.parent) if node.parent else self.top}")

    def unit(self, name: str, below: str = "", rdn: str = "") -> None:
        """A new organizational unit."""
        self._add(name, Node("unit", rdn or f"OU={name}", below, values={}))

    def user(self, name: str, below: str, cn: str = "", **values: str | bytes) -> None:
        """A new user."""
        shown = {"sAMAccountName": f"{name}", "displayName": name, "userPrincipalName": f"{name}@corp.example.com"}
        self._add(name, Node("user", f"CN={escaped(cn or name)}", below, values={**shown, **values}))

    def group(self, name: str, below: str, *members: str) -> None:
        """A new security group."""
        values: dict[str, str | bytes] = {"sAMAccountName": name, "displayName": name, "groupType": GROUP_TYPE}
        self._add(name, Node("group", f"CN={name}", below, values=values))
        if members:
            self.join(name, *members)

    def _add(self, name: str, node: Node) -> None:
        self.nodes[name] = node
        node.guid = self.create(name, node)

    def change(self, name: str, **values: str | bytes) -> None:
        """Other values; an empty one takes the attribute away."""
        self.nodes[name].values.update(values)
        self.write(name, values)

    def join(self, group: str, *members: str) -> None:
        """Members come."""
        self.nodes[group].members += members
        self.link(group, members, present=True)

    def leave(self, group: str, *members: str) -> None:
        """Members go."""
        self.nodes[group].members = [name for name in self.nodes[group].members if name not in members]
        self.link(group, members, present=False)

    def rename(self, name: str, rdn: str = "", below: str | None = None) -> None:
        """Another name, another place, or both."""
        old, node = self.dn(name), self.nodes[name]
        node.rdn, node.parent = rdn or node.rdn, node.parent if below is None else below
        self.move(name, old)

    def delete(self, name: str) -> Node:
        """An entry goes."""
        old = self.dn(name)
        self.remove(name, old)
        for node in self.nodes.values():
            node.members = [member for member in node.members if member != name or self.dangles]
        return self.nodes.pop(name)

    def restore(self, name: str, node: Node) -> None:
        """A deleted entry comes back with its GUID, and with no memberships but those that the directory kept."""
        self.nodes[name] = node
        self.bring_back(name, node)

    # What a kind of directory does

    def create(self, name: str, node: Node) -> bytes:
        raise NotImplementedError

    def write(self, name: str, values: Mapping[str, str | bytes]) -> None:
        raise NotImplementedError

    def link(self, group: str, members: Sequence[str], *, present: bool) -> None:
        raise NotImplementedError

    def move(self, name: str, old: str) -> None:
        raise NotImplementedError

    def remove(self, name: str, old: str) -> None:
        raise NotImplementedError

    def bring_back(self, name: str, node: Node) -> None:
        raise NotImplementedError

    def source(self, *bases: Base, name: str = "corp") -> Source:
        """A source of what lies below some bases."""
        raise NotImplementedError


class File(Living):
    """An LDIF file, written anew whenever it is read."""

    def __init__(self, path: Path) -> None:
        super().__init__(canonical(SLAPD_BASE))
        self.path = path

    def create(self, name: str, node: Node) -> bytes:
        return uuid5(UUID(int=0), f"{self.path} {name}").bytes_le

    def write(self, name: str, values: Mapping[str, str | bytes]) -> None:
        pass

    def link(self, group: str, members: Sequence[str], *, present: bool) -> None:
        pass

    def move(self, name: str, old: str) -> None:
        pass

    def remove(self, name: str, old: str) -> None:
        pass

    def bring_back(self, name: str, node: Node) -> None:
        pass

    def export(self) -> int:
        """Write the file; how many records it has."""
        records = [b"dn: %s\nobjectClass: domain\n" % self.top.encode(), *map(self._record, self.nodes)]
        self.path.write_bytes(b"\n".join(records) + b"\n")
        return len(records)

    def _record(self, name: str) -> bytes:
        node = self.nodes[name]
        lines = [
            _line("dn", self.dn(name)),
            _line("objectClass", _CLASSES[node.kind]),
            _line("objectGUID", node.guid),
        ]
        lines += [_line(attribute, value) for attribute, value in node.values.items() if value]
        lines += [_line("member", self.dn(member)) for member in node.members if member in self.nodes]
        return b"".join(lines)

    def source(self, *bases: Base, name: str = "corp") -> Source:
        return LdifSource(name, self.path, self.export(), bases=bases)


def _line(name: str, value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return name.encode() + b":: " + base64.b64encode(data) + b"\n"


class Served(Living):
    """A directory behind a server, changed over LDAP."""

    takes_bytes = False

    def __init__(self, top: str, connect: Callable[[], Any], source: Callable[..., LdapSource]) -> None:
        super().__init__(top)
        self._connect, self._source = connect, source

    @cached_property
    def connection(self) -> Any:
        """An administrator's."""
        return self._connect()

    def close(self) -> None:
        self.connection.unbind()

    def create(self, name: str, node: Node) -> bytes:
        classes, values = self.classes(node.kind), self.required(node)
        self.do("add", self.dn(name), classes, values)
        return self.guid(self.dn(name))

    def classes(self, kind: str) -> list[str]:
        return [_CLASSES[kind]]

    def required(self, node: Node) -> dict[str, str | bytes]:
        """What a new entry must have."""
        return dict(node.values)

    def guid(self, dn: str) -> bytes:
        self.do("search", dn, "(objectClass=*)", ldap3.BASE, attributes=["objectGUID", "entryUUID"])
        found = self.connection.response[0]["raw_attributes"]
        if found.get("objectGUID"):
            return bytes(found["objectGUID"][0])
        return UUID(found["entryUUID"][0].decode()).bytes_le

    def write(self, name: str, values: Mapping[str, str | bytes]) -> None:
        changes = {key: [(ldap3.MODIFY_REPLACE, [value] if value else [])] for key, value in values.items()}
        self.do("modify", self.dn(name), changes)

    def link(self, group: str, members: Sequence[str], *, present: bool) -> None:
        how = ldap3.MODIFY_ADD if present else ldap3.MODIFY_DELETE
        self.do("modify", self.dn(group), {"member": [(how, [self.dn(member) for member in members])]})

    def move(self, name: str, old: str) -> None:
        node = self.nodes[name]
        above = self.dn(node.parent) if node.parent else self.top
        self.do("modify_dn", old, node.rdn, new_superior=above)

    def remove(self, name: str, old: str) -> None:
        self.do("delete", old)

    def do(self, operation: str, *arguments: Any, **options: Any) -> None:
        """Something that must succeed."""
        getattr(self.connection, operation)(*arguments, **options)
        result = self.connection.result
        assert not result["result"], (operation, arguments, result)

    def source(self, *bases: Base, name: str = "corp") -> Source:
        guids = {base.dn: base.guid for base in bases if base.guid is not None}
        return self._source(name, bases=[base.dn for base in bases], guids=guids)


class OpenLdap(Served):
    """slapd, without referential integrity: whoever is deleted stays named, and members are renamed by hand."""

    restores = False
    dangles = True

    def required(self, node: Node) -> dict[str, str | bytes]:
        return {**node.values, "sn": "x"} if node.kind == "user" else dict(node.values)


@contextmanager
def openldap(folder: Path, options: Sequence[str] = ()) -> Iterator[OpenLdap]:
    """A server with nothing but its suffix."""
    base = f"dn: {SLAPD_BASE}\nobjectClass: organization\nobjectClass: dcObject\no: corp\ndc: corp\n"
    with slapd(folder, base, options=options, checked=True) as running:
        living = OpenLdap(canonical(SLAPD_BASE), lambda: _administrator(running), _of_slapd(running))
        with closing(living):
            yield living


def _administrator(running: Slapd) -> Any:
    server = ldap3.Server("127.0.0.1", port=running.ldap_port, get_info=ldap3.NONE)
    return ldap3.Connection(server, ADMIN, PASSWORD, check_names=False, auto_bind=True)


def _of_slapd(running: Slapd) -> Callable[..., LdapSource]:
    return lambda name, **more: LdapSource(name, [running.ldaps], ADMIN, PASSWORD, running.ca, **more)


class ActiveDirectory(Served):
    """A real domain controller; every test has an OU of its own."""

    refuses = frozenset({"a+b=c; <d>"})

    def __init__(self, domain: Samba, top: str) -> None:
        self.domain, self.admin = domain, domain.as_administrator
        self._prefix = UUID(bytes_le=self.admin.guid(top)).hex[:6]
        super().__init__(top, lambda: self.admin._connection, self._reader)

    def _reader(self, name: str, **more: Any) -> LdapSource:
        domain = self.domain
        account = domain.upn(controller.SYNC)
        return LdapSource(name, [domain.ldaps], account, controller.PASSWORD, domain.ca, **more)

    def required(self, node: Node) -> dict[str, str | bytes]:
        """Names are unique in a domain, which other tests share."""
        names = ("sAMAccountName", "userPrincipalName")
        return {
            key: f"{self._prefix}{value!s}" if key in names else value for key, value in node.values.items() if value
        }

    def bring_back(self, name: str, node: Node) -> None:
        self.admin.undelete(node.guid, self.dn(name))


class Double(Living):
    """The double, which is as strict as Active Directory."""

    revives_links = True

    def __init__(self, folder: Path) -> None:
        self.replica = Replica()
        self.controller = Controller(self.replica)
        self.folder = folder
        super().__init__("DC=test")

    def create(self, name: str, node: Node) -> bytes:
        parent = self.nodes[node.parent].guid if node.parent else None
        make = {"unit": self.replica.unit, "user": self.replica.user, "group": self.replica.group}[node.kind]
        guid = make("x", parent) if node.kind == "unit" else make("x", parent, **_bytes(node.values))
        self.replica.call(self.replica.objects[guid], node.rdn)
        return guid

    def write(self, name: str, values: Mapping[str, str | bytes]) -> None:
        self.replica.change(self.nodes[name].guid, **_bytes(values))

    def link(self, group: str, members: Sequence[str], *, present: bool) -> None:
        change = self.replica.link if present else self.replica.unlink
        change(self.nodes[group].guid, *(self.nodes[member].guid for member in members))

    def move(self, name: str, old: str) -> None:
        node = self.nodes[name]
        self.replica.rename(node.guid, node.rdn, self.nodes[node.parent].guid if node.parent else self.replica.root)

    def remove(self, name: str, old: str) -> None:
        self.replica.delete(self.nodes[name].guid)

    def bring_back(self, name: str, node: Node) -> None:
        self.replica.restore(node.guid)

    def source(self, *bases: Base, name: str = "corp") -> Source:
        guids = {base.dn: base.guid for base in bases if base.guid is not None}
        url, ca = self.controller.url, self.controller.ca
        return LdapSource(name, [url], READER, DOUBLE_PASSWORD, ca, bases=[base.dn for base in bases], guids=guids)


def _bytes(values: Mapping[str, str | bytes]) -> dict[str, list[bytes]]:
    return {
        key: [value.encode() if isinstance(value, str) else value] if value else [] for key, value in values.items()
    }
