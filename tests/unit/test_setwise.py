"""Many rows in one statement of a server: the same as one after the other, or not done."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.postgresql import Server, requires_postgresql
from syncramp.store.arrays import packed
from syncramp.store.database import Database, opened
from syncramp.store.postgresql import PostgresqlDatabase
from syncramp.store.setwise import statement

pytestmark = requires_postgresql

TABLE = """CREATE TEMPORARY TABLE rows_of_both (a BIGINT, b BIGINT, c VARCHAR COLLATE "C", d BYTEA, e FLOAT,
           UNIQUE (a, b))"""
ALL = "SELECT a, b, c, d, e FROM rows_of_both ORDER BY a, b, c, d, e"
FORMS = [
    "INSERT INTO rows_of_both (a, b, c, d, e) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    """INSERT INTO rows_of_both (a, b, c, d, e) VALUES {} ON CONFLICT (a, b) DO UPDATE SET c = excluded.c,
       d = COALESCE(rows_of_both.d, excluded.d), e = CASE WHEN excluded.e > rows_of_both.e THEN excluded.e END""",
    "INSERT INTO rows_of_both (a, b, c) VALUES (?, 7, ?) ON CONFLICT (a, b) DO UPDATE SET c = excluded.c",
    "UPDATE rows_of_both SET c = ?, d = ?, e = COALESCE(?, e) WHERE a = ?",
    "UPDATE rows_of_both SET d = CASE WHEN c = ? THEN NULL ELSE ? END WHERE a = ? AND b = ? AND d IS NOT NULL",
    "UPDATE rows_of_both SET c = ? WHERE a = ? AND c != ?",
    "UPDATE rows_of_both SET a = ? WHERE b = ? AND a = ?",
    "DELETE FROM rows_of_both WHERE a = ? AND b = ?",
    "DELETE FROM rows_of_both WHERE c = ?",
    "INSERT INTO rows_of_both (a, b, c) SELECT 5, ?, ? WHERE NOT EXISTS (SELECT 1 FROM rows_of_both WHERE a = 5)",
]
SMALL = st.integers(0, 3)
TEXT = st.sampled_from(["", "ä", "b'\\,{}\"", "a\0"]) | st.none()
BLOB = st.binary(max_size=3) | st.none()
FRACTION = st.sampled_from([0, 1, 1.5, -2.25]) | st.none()
COLUMNS = {"a": SMALL, "b": SMALL, "c": TEXT, "d": BLOB, "e": FRACTION}
OF = ["abcde", "abcde", "ac", "cdea", "cdab", "cac", "aba", "ab", "c", "bc"]


@pytest.fixture(scope="module")
def database(postgresql: Server) -> Iterator[PostgresqlDatabase]:
    with closing(opened(postgresql.schema())) as made:
        assert isinstance(made, PostgresqlDatabase)
        made.run(TABLE)
        yield made


def _made(
    database: Database, before: Sequence[Any], sql: str, rows: Sequence[Any], *, at_once: bool
) -> Sequence[Any]:
    database.run("DELETE FROM rows_of_both")
    for row in before:
        database.run(FORMS[0], row)
    if at_once:
        database.run_many(sql, rows)
    else:
        for row in rows:
            database.run(sql.replace("{}", f"({','.join('?' * len(row))})"), row)
    return database.all(ALL)


@given(
    before=st.lists(st.tuples(*COLUMNS.values()), max_size=6),
    chosen=st.integers(0, len(FORMS) - 1).flatmap(
        lambda place: st.tuples(
            st.just(FORMS[place]), st.lists(st.tuples(*(COLUMNS[name] for name in OF[place])), min_size=1, max_size=5)
        )
    ),
)
def test_all_rows_at_once_come_to_what_they_come_to_one_after_the_other(
    database: PostgresqlDatabase, before: Sequence[Any], chosen: tuple[str, Sequence[Any]]
) -> None:
    sql, rows = chosen
    try:
        expected: Sequence[Any] | None = _made(database, before, sql, rows, at_once=False)
    except Exception:  # two rows would have one key
        expected = None
    if expected is not None:
        assert _made(database, before, sql, rows, at_once=True) == expected


@pytest.mark.parametrize("sql", FORMS[:6] + FORMS[7:9])
def test_plain_statements_are_made_for_all_rows_at_once(database: PostgresqlDatabase, sql: str) -> None:
    width = sql.count("?") or 5
    turned = statement(sql, [tuple(range(width)), tuple(range(7, 7 + width))])
    assert turned is not None and turned[0].count("unnest") == 1 and len(turned[1]) == width


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (FORMS[6], [(1, 2, 3), (2, 2, 1)]),  # the second row would find what the first one made
        (FORMS[9], [(1, "x"), (2, "y")]),
        (FORMS[1], [(1, 2, "x", b"", 0), (1, 2, "y", b"", 0)]),
        (FORMS[3], [("x", b"", 0, 1), ("y", b"", 0, 1)]),
        (FORMS[8], [(None,), (None,)]),
        (FORMS[8], [("x",), (1,)]),
        ("UPDATE t SET a = (SELECT MAX(a) FROM t) WHERE b = ?", [(1,), (2,)]),
        ("UPDATE t SET a = 1 WHERE b = ? OR c = ?", [(1, 1), (2, 2)]),
        ("DELETE FROM t WHERE a < ?", [(1,), (2,)]),
    ],
)
def test_rows_that_could_meet_go_one_after_the_other(sql: str, rows: Sequence[Any]) -> None:
    assert statement(sql, rows) is None


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("int8", st.integers(-(2**63), 2**63 - 1)),
        ("text", st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))),
        ("bytea", st.binary()),
        ("float8", st.floats(allow_nan=False)),
    ],
)
@given(data=st.data())
def test_an_array_comes_back_as_it_was_sent(
    database: PostgresqlDatabase, kind: str, values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    sent = data.draw(st.lists(values | st.none()))
    array = packed(sent)
    if any(each is not None for each in sent):
        assert array is not None and array.kind == kind
        assert database.value("SELECT ?", (array,)) == sent
    else:
        assert array == b""
