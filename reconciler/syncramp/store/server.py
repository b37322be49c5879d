"""The way to the PostgreSQL server of a schema, and what goes wrong on it as errors for people."""

from contextlib import closing
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from syncramp.errors import StoreFailing, StoreUnusable
from syncramp.store.places import Schema

ANSWER = 10
"""Seconds to connect in."""
_ALIVE = {"keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "60000"}
"""A server that is gone is noticed in a minute (the last one is in milliseconds)."""


def connected(schema: Schema) -> psycopg.Connection[Any]:
    """A connection of its own to the server of a schema.

    :raises StoreUnusable: there is none; the text holds nothing of the URI.
    """
    try:
        given = conninfo_to_dict(schema.uri)
    except psycopg.Error:
        raise unopened(schema, f"the key uri of Secret {schema.secret} is no connection URI", StoreFailing) from None
    usual = {**_ALIVE, "connect_timeout": str(ANSWER), "target_session_attrs": "read-write"}
    usual["application_name"] = "syncramp"
    try:
        return psycopg.connect(make_conninfo("", **{**usual, **given}), autocommit=True)
    except psycopg.Error as error:
        raise unopened(schema, said(error, str(given.get("password") or "")), StoreFailing) from None


def said(error: BaseException | None, password: str = "") -> str:
    """What the server or the client library says, in one line, without a password."""
    text = " ".join(str(error).split())
    return text.replace(password, "…") if password else text


def exists(schema: Schema) -> bool:
    """See :meth:`syncramp.store.places.Schema.exists`."""
    with closing(connected(schema)) as raw:
        row = raw.execute("SELECT to_regclass(%s) IS NOT NULL", (f"{schema.name}.meta",)).fetchone()
        return bool(row and row[0])


def unopened(schema: Schema, cause: str, kind: type[StoreUnusable] = StoreUnusable) -> StoreUnusable:
    """The error of a store that cannot be opened.

    :param kind: ``StoreFailing`` for what may be well again without anybody telling us.
    """
    return kind(
        f"the store cannot be opened: {cause}",
        where=str(schema),
        remedy=f"mend the server, or the key uri of Secret {schema.secret}",
    )
