"""The bases of scopes at a server: found before its entries are read, and once more after the last of them.

What has a GUID is found by it: Active Directory takes it as the name of an entry (MS-ADTS 3.1.1.3.1.2.4), other
servers are searched for entryUUID (RFC 4530). A base that is gone ends the read before its first page. One that went
or moved while entries were read leaves the read without a proof: some came under the old name, some under the new.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from syncramp.errors import InputRefused
from syncramp.model.facts import Fact, Proof
from syncramp.source.bases import Base
from syncramp.source.canonical import text
from syncramp.source.dn import canonical
from syncramp.source.ldap.messages import Found
from syncramp.source.ldap.root import Root
from syncramp.source.ldap.session import NoSuchEntry

if TYPE_CHECKING:
    from syncramp.source.ldap.session import Session

NOTHING = ["1.1"]
"""Asks for no attribute (RFC 4511 4.5.1.8)."""


def find(session: "Session", root: Root, guid: UUID) -> str | None:
    """The canonical DN of the entry with a GUID; None: it is not there, or not shown to this account.

    :raises SyncrampError: the server does not answer, or refuses.
    """
    if root.active_directory:
        return _named(session, f"<GUID={guid}>")
    for context in root.naming_contexts:
        with suppress(NoSuchEntry):  # it holds nothing yet, or nothing that is shown
            for message in session.pages(context, f"(entryUUID={guid})", NOTHING):
                if isinstance(message, Found):
                    return canonical(text(message.dn))
    return None


def where(session: "Session", root: Root, bases: Sequence[Base]) -> Mapping[Base, str | None]:
    """The canonical DNs of bases; None: it is not there, or not shown to this account.

    :raises SyncrampError: the server does not answer, or refuses.
    """
    return {
        base: _named(session, base.dn) and base.dn if base.guid is None else find(session, root, base.guid)
        for base in bases
    }


def attended(session: "Session", root: Root, bases: Sequence[Base], facts: Iterator[Fact]) -> Iterator[Fact]:
    """The facts of a naming context, with a proof only if the bases in it are there and stay where they are.

    :param bases: those in it.
    :raises InputRefused: one of them is not there; no fact was asked for.
    :raises SyncrampError: the server does not answer, or refuses.
    """
    before = where(session, root, bases)
    for base, found in before.items():
        if found is None:
            raise InputRefused(base.lost, where=session.server, remedy=base.remedy)
    for fact in facts:
        if isinstance(fact, Proof) and fact.complete and where(session, root, bases) != before:
            moved = "the base of a scope was renamed, moved or deleted while the entries were read"
            reason = f"{session.server}: {moved}; the next run reads everything again"
            fact = replace(fact, complete=False, reason=reason, watermark=None)
        yield fact


def _named(session: "Session", name: str) -> str | None:
    try:
        return canonical(text(session.entry(name, NOTHING).dn))
    except NoSuchEntry:
        return None
