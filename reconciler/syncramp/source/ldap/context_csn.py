"""What changed since a read, by the numbers of changes that OpenLDAP keeps (CSN: a time, a count, and who wrote).

The suffix shows the last CSN of each server that wrote (``contextCSN``), and each entry that of its last change
(``entryCSN``). If no contextCSN moved, nothing changed. Otherwise entries with a later entryCSN did; who was deleted
leaves no trace, so the GUIDs of all that is there are asked for, too.

Without the overlay ``syncprov`` a server may show a contextCSN that never moves. So an unmoved one is believed only
after it was seen to move.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from syncramp.source.ldap.entries import Searches
from syncramp.source.ldap.messages import Found
from syncramp.source.ldap.session import NoSuchEntry

Csns = Mapping[bytes, bytes]
"""Server id -> its last CSN."""


def read(session: Searches, suffix: str) -> Csns:
    """The last CSN of each server that wrote; empty, if none is shown."""
    try:
        values = session.entry(suffix, ["contextCSN"]).values
    except NoSuchEntry:
        return {}
    return parsed(value for given in values.values() for value in given)


def parsed(values: Iterable[bytes]) -> Csns:
    """CSNs by the server that wrote: ``20261126103000.000000Z#000000#001#000000``."""
    found: dict[bytes, bytes] = {}
    for value in values:
        parts = value.split(b"#")
        if len(parts) == 4:
            found[parts[2]] = max(value, found.get(parts[2], b""))
    return found


def obstacle(old: Csns, now: Csns) -> str:
    """Why changes since cannot be told, as a clause; empty, if they can."""
    if any(now.get(server, b"") < csn for server, csn in old.items()):
        return "its contextCSN went back: the server is behind, or was restored from a backup"
    if now.keys() - old.keys():
        return "a server wrote whose changes were never seen"
    return ""


def changed(session: Searches, suffix: str, filter_: str, attributes: Sequence[str], old: Csns) -> Iterator[Found]:
    """Entries that may have changed since; some of them were read before."""
    since = min(old.values()).decode(errors="replace")
    for message in session.pages(suffix, f"(&{filter_}(entryCSN>={since}))", attributes):
        if isinstance(message, Found):
            yield message


def sweep(session: Searches, suffix: str, filter_: str) -> Iterator[bytes]:
    """GUIDs of all that is there."""
    for message in session.pages(suffix, filter_, ["entryUUID"]):
        if isinstance(message, Found):
            for given in message.values.values():
                yield from (UUID(value.decode()).bytes_le for value in given)
