"""Ids of whoever the cloud names in a group: dense and never given twice, so that memberships can be bitmaps.

Somebody is named by the object id, or by the source anchor. Which of both the service uses is its own affair, and it
may change; so what is added under one name can be taken out under the other one, by what ``objects`` knows of both.
"""

from collections.abc import Iterable, Mapping, Sequence

from syncramp.store.database import Database

SOURCE = "source:"
"""Before a source anchor; an object id has no colon."""
TYPES = ("user", "group", "contact", "device")
"""Of cloud anchors that objects of ours can have, in small letters."""
GUEST = "Guest"
"""The kind of a user who is a guest: the type in a cloud anchor does not say it."""

_IDS = "SELECT anchor, id FROM cloud_names WHERE anchor IN ({})"
_ADD = "INSERT INTO cloud_names (id, anchor, kind) VALUES {}"
_KIND = "UPDATE cloud_names SET kind = ? WHERE anchor = ? AND kind <> ?"
_NEXT = "SELECT value FROM meta WHERE key = 'next_cloud_id'"
_COUNT = """INSERT INTO meta VALUES ('next_cloud_id', ?)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value"""
_BY_SOURCE = "SELECT 1 FROM cloud_names WHERE anchor >= 'source:' AND anchor < 'source;' LIMIT 1"
_CLOUD_ANCHORS = "SELECT anchor, cloud_anchor FROM objects WHERE cloud_anchor IS NOT NULL AND anchor IN ({})"
_OBJECTS = """SELECT LOWER(cloud_anchor), anchor FROM objects
              WHERE anchor IS NOT NULL AND LOWER(cloud_anchor) IN ({})"""
_INDEX = "CREATE INDEX IF NOT EXISTS objects_cloud_object ON objects (LOWER(cloud_anchor))"


def index_objects(database: Database) -> None:
    """Make the index by which objects are found from what the cloud calls them; only who asks so pays for it."""
    if not database.has_index("objects_cloud_object"):
        database.run(_INDEX)


def split(member: str) -> tuple[str, str]:
    """The name and the kind of a member: ``user_<id>`` is ``<id>``, a ``User``; a source anchor tells no kind."""
    if member.startswith(SOURCE):
        return member, ""
    kind, _, object_id = member.rpartition("_")
    return object_id, kind.capitalize()


def joined(anchor: str, kind: str) -> str:
    """The member that :func:`split` took apart; a guest is a user."""
    if anchor.startswith(SOURCE):
        return anchor
    return f"{'user' if kind == GUEST else kind.lower()}_{anchor}"


def ids_of(database: Database, members: Iterable[str]) -> dict[str, int]:
    """Ids of members; whoever has none gets one. In a transaction of the caller."""
    kinds = dict(map(split, members))
    known: dict[str, int] = dict(database.among(_IDS, list(kinds)))
    new = [anchor for anchor in kinds if anchor not in known]
    if new:
        first = int(database.value(_NEXT, default=1))
        known.update({anchor: first + place for place, anchor in enumerate(new)})
        database.insert_many(_ADD, [(known[anchor], anchor, kinds[anchor]) for anchor in new])
        database.run(_COUNT, (str(first + len(new)),))
    return known


def known_ids(database: Database, members: Iterable[str]) -> dict[str, int]:
    """Ids of members by their names, of those that have one."""
    return dict(database.among(_IDS, list(dict(map(split, members)))))


def tell_kinds(database: Database, kinds: Mapping[str, str]) -> None:
    """What members are, where more is known than their type; in a transaction of the caller.

    :param kinds: member -> kind.
    """
    if kinds:
        ids_of(database, kinds)
        rows = [(kind, split(member)[0], kind) for member, kind in kinds.items()]
        database.run_many(_KIND, rows)


def also_called(database: Database, members: Sequence[str]) -> dict[str, list[str]]:
    """Member -> other members that are the same object, as far as it is one of ours."""
    found: dict[str, list[str]] = {}
    anchors = [member.removeprefix(SOURCE) for member in members if member.startswith(SOURCE)]
    for anchor, cloud_anchor in database.among(_CLOUD_ANCHORS, anchors):
        found.setdefault(SOURCE + anchor, []).append(cloud_anchor.lower())
    if len(anchors) < len(members) and database.one(_BY_SOURCE) is not None:
        index_objects(database)
        for cloud_anchor, anchor in database.among(_OBJECTS, [m for m in members if not m.startswith(SOURCE)]):
            found.setdefault(cloud_anchor, []).append(SOURCE + anchor)
    return found
