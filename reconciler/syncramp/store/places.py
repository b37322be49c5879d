"""Where a store is: a SQLite file, or a schema of a PostgreSQL server.

Both are a ``Place``: it can be opened, it exists or not, and its text tells a person which it is and no secret.
"""

import re
from dataclasses import dataclass, field, replace
from enum import Enum
from hashlib import sha256
from pathlib import Path

PREFIX = "postgresql:"
"""Of a place that is told by the name of a Secret."""


class Use(Enum):
    """How a schema is opened."""

    SHARED = "shared"
    """Beside a run, if there is one."""
    ALONE = "alone"
    """By the one run that holds it; the server lets it go with the connection."""
    IMPORT = "import"
    """By an importer, beside others, while no run holds it."""
    COPY = "copy"
    """A copy of it, of this connection alone, that ends with it."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema of a server, whose tables are one store."""

    uri: str = field(repr=False)
    """How the server is reached (libpq's connection URI); it may hold a password."""
    name: str
    """Of the schema: lower-case letters, digits and underscores."""
    secret: str
    """The name of the Secret that the URI is from."""
    use: Use = Use.SHARED

    def __str__(self) -> str:
        return f"{PREFIX}{self.secret} (schema {self.name})"

    def exists(self) -> bool:
        """Somebody made a store there.

        :raises StoreUnusable: the server cannot be asked.
        """
        from syncramp.store.server import exists

        return exists(self)


Place = Path | Schema
LONGEST = 63
"""Bytes of a name of PostgreSQL; it cuts what is longer, and tells nobody."""


def beside(place: Place) -> Place:
    """Where the ledger of written-back groups is: beside the store, and locked with it.

    No name of a document has an underscore, so no other document's store is there.
    """
    if isinstance(place, Path):
        return place.with_name(f"{place.stem}_writeback{place.suffix}")
    readable, _, mark = place.name.rpartition("_")
    return replace(place, name=f"{readable[: LONGEST - len(mark) - 3]}_{mark}_w")


def schema_name(namespace: str, name: str) -> str:
    """The schema of a document: what a person reads, cut short, and a digest that tells it from all others.

    It has at most as many bytes as a name of PostgreSQL.
    """
    mark = sha256(f"{namespace}/{name}".encode()).hexdigest()[:12]
    readable = (re.sub(r"[^a-z0-9]+", "_", text.lower())[:length] for text, length in ((namespace, 18), (name, 22)))
    return "_".join(("syncramp", *readable, mark))
