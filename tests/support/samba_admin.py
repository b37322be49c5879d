"""What an administrator does to a directory, over LDAP: entries come, change, move, go and come back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

import ldap3

from syncramp.source.ldap.tls import VerifiedTls, trust

_SHOW_DELETED = ("1.2.840.113556.1.4.417", True, None)  # MS-ADTS 3.1.1.3.4.1.14
_SUBTREE_DELETE = ("1.2.840.113556.1.4.805", True, None)  # MS-ADTS 3.1.1.3.4.1.15
_NORMAL_ACCOUNT = 0x200  # MS-ADTS 2.2.16

Values = Mapping[str, str | bytes | Sequence[str | bytes]]


@dataclass
class Administration:
    """An account that may do everything, at one server."""

    address: str
    user: str
    password: str = field(repr=False)
    ca: bytes = field(repr=False)

    def add(self, dn: str, object_class: str, **attributes: str | bytes | Sequence[str | bytes]) -> bytes:
        """A new entry.

        :returns: its objectGUID.
        """
        self._do("add", dn, [object_class], attributes)
        return self.guid(dn)

    def add_unit(self, name: str, below: str = "") -> str:
        """A new organizational unit.

        :returns: its DN.
        """
        dn = f"OU={name},{below or self.base}"
        self.add(dn, "organizationalUnit")
        return dn

    def add_user(self, name: str, below: str, **attributes: str | bytes | Sequence[str | bytes]) -> bytes:
        """A new user ``CN=name``, whose account is disabled, as it has no password.

        :returns: its objectGUID.
        """
        return self.add(f"CN={name},{below}", "user", **{"sAMAccountName": name, **attributes})

    def add_group(self, name: str, below: str, members: Sequence[str] = ()) -> bytes:
        """A new security group.

        :returns: its objectGUID.
        """
        attributes: Any = {"member": list(members)} if members else {}
        return self.add(f"CN={name},{below}", "group", sAMAccountName=name, **attributes)

    def set_password(self, dn: str, password: str) -> None:
        """Give a user a password, and enable its account."""
        self.replace(dn, unicodePwd=f'"{password}"'.encode("utf-16-le"), userAccountControl=str(_NORMAL_ACCOUNT))

    def replace(self, dn: str, **attributes: str | bytes | Sequence[str | bytes]) -> None:
        """Give attributes these values; an empty sequence takes all away."""
        self._modify(dn, ldap3.MODIFY_REPLACE, attributes)

    def add_values(self, dn: str, **attributes: str | bytes | Sequence[str | bytes]) -> None:
        """Add values to attributes."""
        self._modify(dn, ldap3.MODIFY_ADD, attributes)

    def remove_values(self, dn: str, **attributes: str | bytes | Sequence[str | bytes]) -> None:
        """Take values from attributes."""
        self._modify(dn, ldap3.MODIFY_DELETE, attributes)

    def rename(self, dn: str, new: str, below: str | None = None) -> None:
        """Give an entry the name ``new`` (``CN=…``), and another parent where one is given."""
        self._do("modify_dn", dn, new, new_superior=below)

    def delete(self, dn: str, *, below: bool = False) -> None:
        """Delete an entry.

        :param below: all that lies below it, too.
        """
        self._do("delete", dn, controls=[_SUBTREE_DELETE] if below else None)

    def undelete(self, guid: bytes, dn: str) -> None:
        """Bring a deleted entry back, to a DN, without most of what it held (MS-ADTS 3.1.1.5.3.7).

        With the recycle bin on, Samba (4.17) revives nothing, so it stays off.
        """
        changes = {"isDeleted": [(ldap3.MODIFY_DELETE, [])], "distinguishedName": [(ldap3.MODIFY_REPLACE, [dn])]}
        place = f"<GUID={UUID(bytes_le=guid)}>"
        self._do("search", place, "(objectClass=*)", ldap3.BASE, attributes=["cn"], controls=[_SHOW_DELETED])
        self._do("modify", self._connection.response[0]["dn"], changes, controls=[_SHOW_DELETED])

    def close(self) -> None:
        """Sign off; whatever is asked next signs in anew."""
        connection = self.__dict__.pop("_connection", None)
        if connection is not None:
            connection.unbind()

    def guid(self, dn: str) -> bytes:
        """The objectGUID of an entry."""
        return self.values(dn, "objectGUID")[0]

    def values(self, dn: str, attribute: str) -> Sequence[bytes]:
        """The values of one attribute; none where it has none."""
        self._do("search", dn, "(objectClass=*)", ldap3.BASE, attributes=[attribute])
        found: Sequence[bytes] = self._connection.response[0]["raw_attributes"].get(attribute, ())
        return found

    def find(self, base: str, filter_: str) -> list[dict[str, Any]]:
        """Entries below a base: their attributes, as bytes, and ``dn``."""
        self._do("search", base, filter_, ldap3.SUBTREE, attributes=["*"])
        found = [one for one in self._connection.response if one["type"] == "searchResEntry"]
        return [{**one["raw_attributes"], "dn": one["dn"]} for one in found]

    @cached_property
    def base(self) -> str:
        """The DN of the domain."""
        self._do("search", "", "(objectClass=*)", ldap3.BASE, attributes=["defaultNamingContext"])
        return str(self._connection.response[0]["raw_attributes"]["defaultNamingContext"][0], "utf-8")

    @cached_property
    def _connection(self) -> Any:
        tls = VerifiedTls(trust(self.ca), self.address)
        server = ldap3.Server(self.address, port=636, use_ssl=True, tls=tls, get_info=ldap3.NONE)
        connection = ldap3.Connection(server, self.user, self.password, check_names=False)
        if not connection.bind():
            raise RuntimeError(f"the administrator may not sign in: {connection.result}")
        return connection

    def _modify(self, dn: str, how: str, attributes: Values) -> None:
        changes = {
            name: [(how, [values] if isinstance(values, str | bytes) else list(values))]
            for name, values in attributes.items()
        }
        self._do("modify", dn, changes)

    def _do(self, operation: str, *arguments: Any, **options: Any) -> None:
        getattr(self._connection, operation)(*arguments, **options)
        result = self._connection.result
        if result["result"]:
            raise RuntimeError(f"{operation} of {arguments[0]}: {result['description']}, {result['message']}")
