"""The store in a server: who holds it, what ends with a connection, and what no text ever tells."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from psycopg.errors import IntegrityError, ProgrammingError
from sqlalchemy.dialects.postgresql.base import PGDialect

from support.engine import Engine
from support.postgresql import SECRET, Server, requires_postgresql, running
from syncramp.errors import AnotherRunActive, StoreUnusable
from syncramp.session.opening import state_path
from syncramp.store.cloud_tables import metadata
from syncramp.store.database import Database, copied, locked, opened
from syncramp.store.places import Schema, beside, schema_name
from syncramp.store.postgresql import PAGE, PostgresqlDatabase
from syncramp.store.temporary import ADOPTION, RUN

pytestmark = requires_postgresql


@pytest.fixture
def database(schema: Schema) -> Iterator[Database]:
    with closing(opened(schema)) as made:
        yield made


def _end_connections(server: Server, schema: Schema) -> None:
    """As an administrator would, or a network."""
    server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'syncramp'")


def _keys(database: Database) -> list[str]:
    return [key for (key,) in database.all("SELECT key FROM meta WHERE key LIKE 'key %' ORDER BY key")]


# --- one run at a time ----------------------------------------------------------------------------------------------


def test_a_schema_is_held_by_one_connection_and_free_when_that_ends(schema: Schema) -> None:
    with locked(schema) as held, closing(opened(held)):
        with locked(schema) as again, pytest.raises(AnotherRunActive, match="another run or import holds the store"):
            opened(again)
        with closing(opened(schema)) as other:
            other.run("INSERT INTO meta VALUES ('key 1', '')")
    with locked(schema) as held, closing(opened(held)) as after:
        assert _keys(after) == ["key 1"]


def test_two_schemas_of_a_server_are_held_by_two_runs(postgresql: Server) -> None:
    with locked(postgresql.schema()) as one, closing(opened(one)):
        with locked(postgresql.schema()) as other, closing(opened(other)):
            pass


def test_who_holds_a_store_holds_its_ledger_which_a_command_can_open_meanwhile(schema: Schema) -> None:
    with locked(schema) as held, closing(opened(held)), closing(opened(beside(held))):
        with pytest.raises(AnotherRunActive), closing(opened(beside(held))):
            pass
        with closing(opened(beside(schema))) as command:
            command.run("INSERT INTO meta VALUES ('key 1', '')")
    with locked(schema) as held, closing(opened(beside(held))) as after:
        assert _keys(after) == ["key 1"]


def test_a_plan_needs_no_ledger_and_makes_none(schema: Schema) -> None:
    with closing(opened(schema)), copied(beside(schema)) as place, closing(opened(place)) as copy:
        assert _keys(copy) == []
    assert not beside(schema).exists()


def test_who_loses_the_connection_loses_the_store_and_never_gets_another_one(
    postgresql: Server, schema: Schema
) -> None:
    with locked(schema) as held, closing(opened(held)) as run:
        run.run("INSERT INTO meta VALUES ('key 1', '')")
        _end_connections(postgresql, schema)
        with pytest.raises(StoreUnusable, match="the store cannot be read or written"), run.transaction():
            run.run("INSERT INTO meta VALUES ('key 2', '')")
        with locked(schema) as again, closing(opened(again)) as other:
            for _ in range(3):
                with pytest.raises(StoreUnusable):
                    run.run("INSERT INTO meta VALUES ('key 3', '')")
            assert _keys(other) == ["key 1"]


def test_a_connection_that_is_lost_in_a_transaction_leaves_nothing_of_it(postgresql: Server, schema: Schema) -> None:
    with closing(opened(schema)) as run, pytest.raises(StoreUnusable), run.transaction():
        run.run("INSERT INTO meta VALUES ('key 1', '')")
        _end_connections(postgresql, schema)
        run.run("INSERT INTO meta VALUES ('key 2', '')")
    with closing(opened(schema)) as after:
        assert _keys(after) == []


def test_a_run_whose_connection_is_lost_ends_and_the_next_one_sends_the_rest(
    postgresql: Server, schema: Schema, engine: Engine
) -> None:
    engine.path = schema

    def cut(moment: str) -> None:
        if moment == "after":
            _end_connections(postgresql, schema)

    engine.cloud.fault = cut
    with pytest.raises(StoreUnusable):
        engine.run()
    engine.cloud.fault = lambda moment: None
    assert engine.settle().settled and len(engine.cloud.objects) == 4


# --- transactions ---------------------------------------------------------------------------------------------------


def test_who_writes_waits_for_the_other_one_and_not_for_ever(schema: Schema) -> None:
    with closing(opened(schema)) as one, closing(opened(schema, patience=0.2)) as other:
        with one.transaction():
            with pytest.raises(StoreUnusable, match="lock timeout"), other.transaction():
                pass
        with other.transaction():
            other.run("INSERT INTO meta VALUES ('key 1', '')")
        assert _keys(one) == ["key 1"]


def test_a_reader_has_one_view_whatever_is_written_meanwhile(schema: Schema) -> None:
    with closing(opened(schema)) as reader, closing(opened(schema)) as writer:
        with reader.reading():
            assert _keys(reader) == []
            writer.run("INSERT INTO meta VALUES ('key 1', '')")
            assert _keys(reader) == []
        assert _keys(reader) == ["key 1"]


def test_what_is_durable_is_on_the_disk_when_it_ends_and_everything_before_it(tmp_path: Path) -> None:
    with running("fsync=on", "wal_writer_delay=10s") as server:
        schema = server.schema()
        with closing(opened(schema)) as database:
            assert database.value("SHOW synchronous_commit") == "off"
            database.run("INSERT INTO meta VALUES ('key 1', '')")
            with database.transaction(durable=True):
                assert database.value("SHOW synchronous_commit") == "on"
                database.run("INSERT INTO meta VALUES ('key 2', '')")
            server.crash()
        with closing(opened(schema)) as after:
            assert _keys(after) == ["key 1", "key 2"]


def test_a_fault_of_a_statement_stays_one(database: Database) -> None:
    with pytest.raises(ProgrammingError, match="nowhere"):
        database.run("SELECT 1 FROM nowhere")
    database.run("INSERT INTO meta VALUES ('key 1', '')")
    with pytest.raises(IntegrityError):
        database.run("INSERT INTO meta VALUES ('key 1', '')")


# --- what travels ---------------------------------------------------------------------------------------------------


def test_rows_stream_in_pages_while_others_are_asked_for(database: Database) -> None:
    count = 2 * PAGE + 1
    database.insert_many("INSERT INTO dirty (id, cause) VALUES {}", ((number, 0) for number in range(count)))
    seen = [
        (row[0], database.value("SELECT id FROM dirty WHERE id = ?", (row[0],)))
        for row in database.stream("SELECT id FROM dirty WHERE id >= ? ORDER BY id", (0,))
    ]
    assert seen == [(number, number) for number in range(count)]


def test_a_stream_that_nobody_reads_to_its_end_is_closed_by_the_next_one(database: Database) -> None:
    database.insert_many("INSERT INTO dirty (id, cause) VALUES {}", ((number, 0) for number in range(PAGE + 1)))
    for _ in range(3):
        assert next(database.stream("SELECT id FROM dirty ORDER BY id"))[0] == 0
    assert database.value("SELECT COUNT(*) FROM pg_cursors WHERE name LIKE 'stream%'") == 1


def test_every_table_is_of_types_that_both_kinds_of_store_have() -> None:
    dialect = PGDialect()
    used = {str(column.type.compile(dialect)) for table in metadata.sorted_tables for column in table.columns}
    assert used == {"FLOAT", *PostgresqlDatabase.types.values()}


def test_no_temporary_table_has_the_name_of_one_of_the_store(database: Database) -> None:
    for tables in (RUN, ADOPTION):
        database.make_temporary(tables)
    made = database.all("SELECT relname FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'")
    assert len(made) == 5 and not {name for (name,) in made} & {*metadata.tables}


@pytest.mark.parametrize("number", [0, -1, 2**31, -(2**63), 2**63 - 1])
def test_numbers_of_64_bits_come_back(database: Database, number: int) -> None:
    database.run("INSERT INTO join_keys (key_hash, entry) VALUES (?, ?)", (number, 1))
    assert database.among("SELECT key_hash FROM join_keys WHERE key_hash IN ({})", [number, 5]) == [(number,)]


def test_text_is_in_the_order_of_its_bytes_and_a_nul_has_a_picture(database: Database) -> None:
    texts = ["b", "B", "a%?", "ä", "é\0"]
    database.run_many("INSERT INTO ever_deleted (anchor, groups, at) VALUES (?, '', 0)", [(text,) for text in texts])
    found = [row[0] for row in database.all("SELECT anchor FROM ever_deleted ORDER BY anchor")]
    assert found == ["B", "a%?", "b", "ä", "é\N{SYMBOL FOR NULL}"]


# --- what is told ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://somebody:s3cr3t@127.0.0.1:1/db",
        "postgresql://somebody:s3cr3t@127.0.0.1:port/db",
        "postgresql://somebody:s3cr3t%@127.0.0.1/db",
        "host=127.0.0.1 port=1 password='s3cr3t' user=somebody nonsense=1",
        "s3cr3t",
    ],
)
def test_a_server_that_cannot_be_reached_is_told_without_the_password(uri: str) -> None:
    schema = Schema(uri, "syncramp_x", "state")
    with pytest.raises(StoreUnusable, match="postgresql:state .*Secret state") as caught:
        opened(schema)
    assert "s3cr3t" not in f"{caught.value}{caught.value!r}{schema}{schema!r}"
    with pytest.raises(StoreUnusable):
        schema.exists()


def test_a_password_that_the_server_refuses_is_not_told(tmp_path: Path) -> None:
    with running() as server:
        rules = server.folder / "data" / "pg_hba.conf"
        server.execute("CREATE ROLE other LOGIN PASSWORD 'right'")
        rules.write_text("local all other scram-sha-256\nlocal all all trust\n", "utf-8")
        server.execute("SELECT pg_reload_conf()")
        refused = Schema(server.uri.replace("syncramp@", "other:s3cr3t@"), "syncramp_x", "state")
        with pytest.raises(StoreUnusable, match="password authentication failed") as caught:
            opened(refused)
        assert "s3cr3t" not in str(caught.value)
        nothing = Schema(server.uri.replace("syncramp@", "other:right@"), "syncramp_x", "state")
        with pytest.raises(StoreUnusable, match="permission denied for database"):
            opened(nothing)


def test_a_schema_of_something_else_is_no_store_and_one_of_a_later_release_is_refused(
    postgresql: Server, schema: Schema
) -> None:
    postgresql.execute(f"CREATE SCHEMA {schema.name}; CREATE TABLE {schema.name}.theirs (number int)")
    with pytest.raises(StoreUnusable, match="something else"):
        opened(schema)
    assert postgresql.execute(f"SELECT tablename FROM pg_tables WHERE schemaname = '{schema.name}'") == [("theirs",)]
    later = postgresql.schema()
    with closing(opened(later)) as made:
        made.run("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    with copied(later) as copy:
        for place in (later, copy):
            with pytest.raises(StoreUnusable, match="schema version 99"):
                opened(place)


@pytest.mark.parametrize(
    ("one", "other"),
    [(("a", "b_c"), ("a_b", "c")), (("a", "b.c"), ("a", "b-c")), (("n" * 63, "x" * 52), ("n" * 63, "x" * 51 + "y"))],
)
def test_a_schema_is_of_one_document_readable_and_not_too_long(one: tuple[str, str], other: tuple[str, str]) -> None:
    names = {schema_name(*one), schema_name(*other)}
    assert len(names) == 2
    assert all(re.fullmatch(r"syncramp_[a-z0-9_]{1,54}", name) for name in names)


def test_the_server_is_named_by_a_secret_beside_the_document(tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "secrets" / SECRET).mkdir(parents=True)
    (tmp_path / "secrets" / SECRET / "uri").write_text("postgresql://host/db\n", "utf-8")
    place = state_path(str(tmp_path / "contoso.yaml"), engine.config, Path(f"postgresql:{SECRET}"))
    name = schema_name(engine.config.namespace, engine.config.name)
    assert place == Schema("postgresql://host/db", name, SECRET)
