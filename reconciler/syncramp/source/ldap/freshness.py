"""Does a server know everything that was seen of a partition before? One that is behind tells a coherent, old story.

Every writer of a directory numbers its changes. In Active Directory a writer is an invocation id, which a domain
controller changes when it is restored, with USNs; a controller shows its own as highestCommittedUSN, and how far it
is with those of others as replUpToDateVector at the head of a naming context (MS-ADTS 3.1.1.1.9, MS-DRSR 5.166). In
OpenLDAP it is a server id with CSNs, which the suffix shows as contextCSN. The *horizon* is the highest of each that
any server has ever shown; a server is fresh if it has all of it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from struct import Struct, error
from typing import Protocol
from uuid import UUID

from syncramp.errors import AccessDenied
from syncramp.model.facts import Evidence
from syncramp.source.ldap.messages import Found
from syncramp.source.ldap.root import Root
from syncramp.source.ldap.session import NoSuchEntry

_VECTOR = "replUpToDateVector"
_CONTEXT = "contextCSN"
_HEADER = Struct("<IIII")  # version, reserved, number of cursors, reserved: MS-DRSR 5.166
_CURSOR = Struct("<16sQ")  # invocation id, USN; version 2 has a time after them
_GUID_BYTES = 16
_CURSOR_BYTES = {1: 24, 2: 32}
_CSN = re.compile(r"\d{14}\.\d{6}Z#[0-9a-f]{6}#([0-9a-f]{3})#[0-9a-f]{6}", re.ASCII)  # draft-chu-ldap-csn
UNTOLD = Evidence(seen="the server does not tell how far it is")
"""Of a server that never did; whether it is behind cannot be known."""
_TOLD = 3
"""So many writers are named in a text."""


class Shows(Protocol):
    """The part of a session that is asked."""

    def entry(self, dn: str, attributes: Sequence[str]) -> Found:
        """Read one entry."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a server is with a partition; of a server that tells nothing about it, empty."""

    own: str = ""
    """The writer that the server is itself; empty in OpenLDAP, which shows all of them alike."""
    positions: Mapping[str, str] = field(default_factory=dict)
    """Writer -> its last change that is there, in an order that text has, too."""
    shows_others: bool = True
    """It shows what it has of other writers; a single domain controller has nothing to show."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """All that was ever seen of a partition."""

    positions: Mapping[str, str] = field(default_factory=dict)
    holder: str = ""
    """The server that was read last has all of it: it needs no vector while its own numbers do not go back."""

    def encoded(self) -> bytes:
        """As the store keeps it."""
        return json.dumps({"positions": dict(self.positions), "holder": self.holder}, sort_keys=True).encode()


def decode(stored: bytes | None) -> Horizon:
    """What ``encoded`` made; nothing was seen where there is nothing, or nothing that can be read."""
    try:
        told = json.loads(stored or b"{}")
        positions = {str(writer): str(position) for writer, position in told["positions"].items()}
        for writer, position in positions.items():
            _said(writer, position)
        return Horizon(positions, told["holder"] if told["holder"] in positions else "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return Horizon()


def look(session: Shows, root: Root, partition: str) -> Standing:
    """Ask a server how far it is with a naming context.

    :param root: what it said about itself just now.
    :raises SyncrampError: it does not answer.
    """
    values: Mapping[str, Sequence[bytes]] = {}
    with suppress(NoSuchEntry, AccessDenied):
        found = session.entry(partition, [_VECTOR if root.active_directory else _CONTEXT])
        values = {name.lower(): given for name, given in found.values.items()}
    if not root.active_directory:
        texts = [value.decode(errors="replace") for value in values.get(_CONTEXT.lower(), ())]
        return Standing("", {csn[1]: text for text in texts if (csn := _CSN.fullmatch(text))})
    if root.invocation_id is None or len(root.invocation_id) != _GUID_BYTES or root.highest_usn is None:
        return Standing()
    own = root.invocation_id.hex()
    vector = next(iter(values.get(_VECTOR.lower(), ())), None)
    return Standing(own, {**read_vector(vector or b""), own: position(root.highest_usn)}, vector is not None)


def read_vector(value: bytes) -> dict[str, str]:
    """Read a replUpToDateVector: invocation id in hexadecimal -> position; empty if it is none.

    :param value: UPTODATE_VECTOR_V1_EXT or UPTODATE_VECTOR_V2_EXT (MS-DRSR 5.166, 5.167).
    """
    try:
        version, _, count, _ = _HEADER.unpack_from(value)
        step = _CURSOR_BYTES[version]
        cursors = [_CURSOR.unpack_from(value, _HEADER.size + step * number) for number in range(count)]
    except (error, KeyError):
        return {}
    return {writer.hex(): position(usn) for writer, usn in cursors}


def judge(horizon: Horizon, standing: Standing) -> Evidence:
    """Has a server everything that was seen before?"""
    seen, wanted = standing.positions, horizon.positions
    if not wanted:
        return Evidence(expected="nothing was seen before", seen=_words(seen)) if seen else UNTOLD
    if horizon.holder and horizon.holder == standing.own:
        missing = {standing.own: wanted[standing.own]} if seen[standing.own] < wanted[standing.own] else {}
    else:
        missing = {writer: position for writer, position in wanted.items() if seen.get(writer, "") < position}
    if not missing:
        return Evidence(expected=_words(wanted), seen=_words(seen))
    there = {writer: seen[writer] for writer in missing if writer in seen}
    return Evidence(False, _words(missing), _words(there) or "nothing of it", _why(missing, standing))


def extend(horizon: Horizon, standing: Standing) -> Horizon:
    """The horizon after a read.

    :param standing: of the server, which had everything of the horizon, after the read.
    """
    wanted = dict(horizon.positions)
    for writer, position in standing.positions.items():
        wanted[writer] = max(position, wanted.get(writer, ""))
    return Horizon(wanted, standing.own)


def _why(missing: Mapping[str, str], standing: Standing) -> str:
    if not standing.positions:
        return (
            "the server does not show how far it is, as it was shown before; permit this account to read invocationId"
            f" of the server's NTDS Settings ({_CONTEXT} of the suffix in OpenLDAP)"
        )
    if standing.own in missing:
        return (
            "the server counts fewer changes than it showed before, as one does that was restored from a copy of its"
            " disk; let it replicate from another one, or take it out of the servers"
        )
    if not standing.shows_others:
        return (
            "the server is another one than before, and shows no replUpToDateVector; permit this account to read it"
            " at the head of the naming context, or name one domain controller alone"
        )
    return (
        "the server does not have everything that was seen before; wait until it has replicated, and look into its"
        " replication if that lasts"
    )


def _words(positions: Mapping[str, str]) -> str:
    told = [_said(writer, position) for writer, position in sorted(positions.items())]
    more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    return ", ".join(told[:_TOLD]) + more


def _said(writer: str, position: str) -> str:
    """:raises ValueError: it is none."""
    if _CSN.fullmatch(position):
        return f"CSN {position}"
    return f"USN {int(position)} of {UUID(bytes_le=bytes.fromhex(writer))}"


def position(usn: int) -> str:
    """A USN as a horizon has it."""
    return f"{usn:020}"  # as long as 2 ** 64, so that text has the order of numbers
