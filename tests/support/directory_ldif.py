"""A small directory as LDIF, which a test changes by people and groups."""

import base64
import uuid
from dataclasses import dataclass, field

BASE = "DC=corp,DC=example,DC=com"
PEOPLE, GROUPS = f"OU=People,{BASE}", f"OU=Groups,{BASE}"
SCOPE = [{"dn": PEOPLE, "kinds": ["User"]}, {"dn": GROUPS, "kinds": ["Group"]}]


@dataclass
class Directory:
    """People by number, groups by name."""

    people: set[int] = field(default_factory=lambda: set(range(1, 6)))
    groups: dict[str, set[int]] = field(default_factory=lambda: {"staff": {1, 2, 3}})
    titles: dict[int, str] = field(default_factory=dict)
    clerks: set[int] = field(default_factory=set)
    """Those in the department Clerks."""

    @property
    def entries(self) -> int:
        """How many there are, with their two containers."""
        return 2 + len(self.people) + len(self.groups)

    @property
    def ldif(self) -> str:
        """The whole directory."""
        parts = [self._container(name) for name in ("People", "Groups")]
        parts += [self._person(number) for number in sorted(self.people)]
        parts += [self._group(name) for name in sorted(self.groups)]
        return "\n".join(parts) + "\n"

    def _container(self, name: str) -> str:
        return f"dn: OU={name},{BASE}\nobjectClass: organizationalUnit\nou: {name}\nobjectGUID:: {_guid(name)}\n"

    def _person(self, number: int) -> str:
        name = f"Person {number}"
        lines = [
            f"dn: CN={name},{PEOPLE}",
            *(f"objectClass: {one}" for one in ("top", "person", "organizationalPerson", "user")),
            f"cn: {name}",
            f"sn: {number}",
            f"displayName: {name}",
            f"sAMAccountName: person{number}",
            f"userPrincipalName: person{number}@example.com",
            "userAccountControl: 512",
            f"objectGUID:: {_guid(name)}",
            f"objectSid:: {_sid(number)}",
            *([f"title: {self.titles[number]}"] if number in self.titles else []),
            *(["department: Clerks"] if number in self.clerks else []),
        ]
        return "\n".join(lines) + "\n"

    def _group(self, name: str) -> str:
        lines = [
            f"dn: CN={name},{GROUPS}",
            *(f"objectClass: {one}" for one in ("top", "group")),
            f"cn: {name}",
            f"displayName: {name}",
            f"sAMAccountName: {name}",
            "groupType: -2147483646",
            f"objectGUID:: {_guid(name)}",
            f"objectSid:: {_sid(100_000 + sum(name.encode()))}",
            *(f"member: CN=Person {number},{PEOPLE}" for number in sorted(self.groups[name] & self.people)),
        ]
        return "\n".join(lines) + "\n"


def _guid(name: str) -> str:
    return base64.b64encode(uuid.uuid5(uuid.NAMESPACE_DNS, name).bytes_le).decode()


def _sid(number: int) -> str:
    head = bytes([1, 5]) + (5).to_bytes(6, "big")
    parts = (21, 1, 2, 3, 1000 + number)
    return base64.b64encode(head + b"".join(part.to_bytes(4, "little") for part in parts)).decode()
