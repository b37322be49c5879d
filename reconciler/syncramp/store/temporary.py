"""Temporary tables: what is found out on the way, and no part of the store. They end with the connection.

``RUN`` is of every store: values wait there for the end of an import (``spill``). ``ADOPTION`` is of an adoption
(``sightings``). They are texts, with the types of each kind of store to be filled in (``Database.types``): every run
makes some of them, and SQLAlchemy is loaded for that of the store's own only.
"""

RUN = (
    # values of link attributes (store.spill); place: in the order in which they were told
    """CREATE TEMPORARY TABLE IF NOT EXISTS spill (
       partition {number}, place {number}, entry {number}, attribute {text}, kind {number}, hashes {data},
       guids {data}, marks {data})""",
    "CREATE INDEX IF NOT EXISTS spilled ON spill (entry, attribute)",
)

ADOPTION = (
    # sightings.Sighting
    """CREATE TEMPORARY TABLE IF NOT EXISTS sightings (
       anchor {text} NOT NULL PRIMARY KEY, kind {text}, name {text}, finding {text}, object {number},
       cloud_anchor {text}, payload {data}, mark {data}, confirmed {number}, differs {number}, cloud {number},
       found {text})""",
    "CREATE INDEX IF NOT EXISTS sightings_object ON sightings (object)",
    "CREATE INDEX IF NOT EXISTS sightings_cloud ON sightings (cloud_anchor)",
    """CREATE TEMPORARY TABLE IF NOT EXISTS sighted_links (
       object {number} NOT NULL PRIMARY KEY, shown {data}, unknown {number})""",
    "CREATE TEMPORARY TABLE IF NOT EXISTS sighted_references (object {number}, cloud_anchor {text})",
    # as foreign_values
    """CREATE TEMPORARY TABLE IF NOT EXISTS sighted_values (
       mark {number} NOT NULL, anchor {text} NOT NULL, value {text}, name {text}, PRIMARY KEY (mark, anchor))""",
)
