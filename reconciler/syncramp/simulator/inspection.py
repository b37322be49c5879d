"""A tenant's file as a person wants to see it. It is only read, in one snapshot, also while a simulator writes it."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgpack

from syncramp.errors import InputRefused
from syncramp.simulator.journal import TOPICS, Entry, latest_query
from syncramp.simulator.tables import Flag, Link, State

MASTERED = f"CASE WHEN flags & {int(Flag.SYNCED)} THEN 'the directory' ELSE 'the cloud' END"
STATES = {State.LIVE: "live", State.BIN: "in the bin", State.GONE: "gone"}
_OBJECTS = f"SELECT kind, {MASTERED}, state, count(*) FROM objects GROUP BY 1, 2, 3 ORDER BY 1, 2 DESC, 3"  # noqa: S608
_GROUPS = (
    "SELECT g.source_anchor, g.cloud_anchor, g.attributes, count(*) FROM links l JOIN objects g ON g.id = l.group_id "
    "WHERE l.state = ? AND g.state = ? GROUP BY g.id ORDER BY 4 DESC, g.id LIMIT ?"
)
_OBJECT = (
    f"SELECT id, kind, source_anchor, cloud_anchor, {MASTERED}, state, created, attributes, quarantine FROM objects "  # noqa: S608
    "WHERE source_anchor = ? OR cloud_anchor = ? ORDER BY state LIMIT 1"
)
_MEMBERS = "SELECT count(*) FROM links WHERE group_id = ? AND state = ?"
_MEMBER_OF = (
    "SELECT g.source_anchor, g.cloud_anchor, g.attributes, l.state FROM links l JOIN objects g ON g.id = l.group_id "
    "WHERE l.member_id = ? AND l.state <> ? ORDER BY g.id"
)


@dataclass(frozen=True, slots=True)
class Group:
    """A group with what it is called."""

    anchor: str
    """Its source anchor; its cloud anchor if the cloud is its master."""
    name: str
    members: int = 0
    asleep: bool = False
    """The membership of somebody in the bin."""


@dataclass(frozen=True, slots=True)
class Overview:
    """A tenant."""

    settings: Mapping[str, Any]
    """Those of the simulator that had the file last; empty before it had one."""
    features: int | None
    """None: as the settings have it."""
    application: str
    build: str
    """Of the client that finalized last."""
    finalized: tuple[int, int] | None
    """What the last FinalizeExport said: exported and applied."""
    objects: Sequence[tuple[str, str, str, int]]
    """Kind, master, state and how many."""
    groups: Sequence[Group]
    """The largest ones."""
    counters: Mapping[str, Mapping[str, int]]
    """By topic and name."""
    calls: Sequence[Entry]
    """The latest ones, the last one first."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One object."""

    kind: str
    source_anchor: str | None
    cloud_anchor: str
    master: str
    state: str
    created: float
    attributes: Mapping[str, Any]
    members: int
    member_of: Sequence[Group]
    quarantine: Sequence[tuple[str, str]]
    """Attributes with values that it does not get as long as another object has them."""


def overview(path: Path, calls: int, groups: int) -> Overview:
    """A tenant as a whole.

    :param calls: how many of the latest calls.
    :param groups: how many of the largest groups.
    :raises InputRefused: the file holds no tenant.
    """
    with _opened(path) as file:
        kept = {
            key: bytes(value).decode(errors="replace") for key, value in file.execute("SELECT key, value FROM meta")
        }
        exported, applied = kept.get("exported"), kept.get("applied")
        return Overview(
            json.loads(kept.get("settings", "{}")),
            int(kept["features"]) if "features" in kept else None,
            kept.get("client_application", ""),
            kept.get("client_version", ""),
            (int(exported), int(applied)) if exported and applied else None,
            [(kind, master, STATES[State(state)], count) for kind, master, state, count in file.execute(_OBJECTS)],
            [_group(*row) for row in file.execute(_GROUPS, (Link.ALIVE, State.LIVE, groups))],
            {topic: _counters(file, topic) for topic in TOPICS},
            [Entry(*row) for row in file.execute(latest_query(), (calls,))],
        )


def seen(path: Path, anchor: str) -> Seen | None:
    """One object; None if there is none.

    :param anchor: its source or cloud anchor.
    :raises InputRefused: the file holds no tenant.
    """
    with _opened(path) as file:
        row = file.execute(_OBJECT, (anchor, anchor)).fetchone()
        if row is None:
            return None
        identity, kind, source, cloud, master, state, created, attributes, held_back = row
        (members,) = file.execute(_MEMBERS, (identity, Link.ALIVE)).fetchone()
        member_of = [
            _group(group, cloud_group, packed, 0, asleep=linked == Link.ASLEEP)
            for group, cloud_group, packed, linked in file.execute(_MEMBER_OF, (identity, Link.REMOVED))
        ]
        return Seen(
            kind=kind,
            source_anchor=source,
            cloud_anchor=cloud,
            master=master,
            state=STATES[State(state)],
            created=created,
            attributes=_unpacked(attributes),
            members=members,
            member_of=member_of,
            quarantine=msgpack.unpackb(held_back, use_list=False) if held_back else (),
        )


def _group(source: str | None, cloud: str, attributes: bytes, members: int, *, asleep: bool = False) -> Group:
    return Group(source or cloud, str(_unpacked(attributes).get("DisplayName", "")), members, asleep)


def _unpacked(attributes: bytes) -> Mapping[str, Any]:
    values: Mapping[str, Any] = msgpack.unpackb(attributes)
    return values


def _counters(file: sqlite3.Connection, topic: str) -> Mapping[str, int]:
    return dict(file.execute("SELECT name, value FROM counters WHERE topic = ? ORDER BY name", (topic,)))


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """One snapshot of the file."""
    if not path.is_file():
        raise InputRefused("there is no such file", where=str(path), remedy="name the file of --tenant")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as file:
            file.execute("BEGIN")
            yield file
    except sqlite3.Error as error:
        raise InputRefused(
            f"it holds no tenant that can be read: {error}", where=str(path), remedy="name the file of --tenant"
        ) from None
