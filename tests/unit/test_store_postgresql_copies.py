"""The store in a server, copied, restored and upgraded: what is taken along, and what stays as it was."""

from contextlib import closing
from dataclasses import replace

import psycopg
import pytest

from support.engine import Engine
from support.postgresql import SECRET, Server, requires_postgresql, running
from syncramp.source import dn
from syncramp.store.database import Database, copied, opened
from syncramp.store.places import Schema
from syncramp.store.store import Store
from syncramp.store.version import SCHEMA_VERSION

pytestmark = requires_postgresql


def _keys(database: Database) -> list[str]:
    return [key for (key,) in database.all("SELECT key FROM meta WHERE key LIKE 'key %' ORDER BY key")]


# --- a copy ---------------------------------------------------------------------------------------------------------


def test_a_plan_is_made_on_a_copy_and_leaves_the_store_as_it_is(
    postgresql: Server, schema: Schema, engine: Engine
) -> None:
    engine.path = schema
    engine.run()
    engine.leave(3)
    before = _dump(postgresql, schema)
    with copied(schema) as copy:
        planned = replace(engine, path=copy).run(sends=False)[1]
    assert _dump(postgresql, schema) == before
    assert planned.digest == engine.run(sends=False)[1].digest != ""


def test_a_copy_counts_on_and_has_the_same_indexes_under_the_same_names(schema: Schema) -> None:
    with closing(Store(schema, dn.key)) as store:
        store.runs.begin(0.0)
        number, _ = store.runs.begin(0.0)
        store.database.run("DROP INDEX objects_anchor")
    with copied(schema) as copy, closing(Store(copy, dn.key)) as store:
        assert not store.database.has_index("objects_anchor") and store.database.has_index("objects_held")
        assert store.runs.begin(1.0)[0] == number + 1
    with closing(Store(schema, dn.key)) as store:
        assert store.runs.begin(2.0)[0] == number + 1, "the number of a plan is not taken from the runs"


def test_a_copy_waits_for_nobody_and_holds_up_nobody(schema: Schema) -> None:
    with closing(opened(schema)) as run, run.transaction():
        run.run("INSERT INTO meta VALUES ('key 1', '')")
        with copied(schema) as copy, closing(opened(copy)) as plan:
            run.run("INSERT INTO meta VALUES ('key 2', '')")
            assert _keys(plan) == []


def test_a_plan_of_a_store_that_nobody_made_makes_none(schema: Schema) -> None:
    with copied(schema) as copy, closing(Store(copy, dn.key)) as store:
        assert store.runs.last() is None
    assert not schema.exists()


def _dump(server: Server, schema: Schema) -> dict[str, list[str]]:
    tables = server.execute(f"SELECT tablename FROM pg_tables WHERE schemaname = '{schema.name}' ORDER BY 1")
    return {
        str(table): [str(row) for row in server.execute(f"SELECT t::text FROM {schema.name}.{table} t ORDER BY 1")]
        for (table,) in tables
    }


# --- an old copy ----------------------------------------------------------------------------------------------------


def test_a_store_whose_tables_were_made_anew_is_behind_and_a_restart_makes_nobody_so(
    postgresql: Server, schema: Schema, engine: Engine
) -> None:
    engine.path = schema
    engine.run()
    with engine.store() as store:
        place = store.database.place()
        store.age.compare()
        assert store.age.behind() is None and store.database.place() == place
    postgresql.execute(
        f"CREATE TABLE {schema.name}.other (LIKE {schema.name}.meta INCLUDING ALL);"
        f"INSERT INTO {schema.name}.other SELECT * FROM {schema.name}.meta; DROP TABLE {schema.name}.meta;"
        f"ALTER TABLE {schema.name}.other RENAME TO meta"
    )  # as pg_restore does with every table
    with engine.store() as store:
        assert store.database.place() != place
        store.age.compare()
        assert store.age.behind() is not None


def test_a_plan_of_a_store_that_is_not_behind_is_not_either(schema: Schema, engine: Engine) -> None:
    engine.path = schema
    engine.run()
    with copied(schema) as copy, closing(Store(copy, dn.key)) as store:
        store.age.compare()
        assert store.age.behind() is None


def test_a_server_that_does_not_tell_its_number_still_has_a_place_for_each_table(schema: Schema) -> None:
    with running() as server:
        server.execute("CREATE ROLE other LOGIN")
        server.execute("CREATE DATABASE theirs OWNER other")
        uri = server.uri.replace("syncramp@/postgres", "other@/theirs")
        with psycopg.connect(server.uri.replace("/postgres", "/theirs"), autocommit=True) as beside:
            beside.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        one, other = Schema(uri, "syncramp_one", SECRET), Schema(uri, "syncramp_other", SECRET)
        places = []
        for place in (one, other, one):
            with closing(opened(place)) as database:
                database.keep_latest(1)
                places.append(database.place())
                assert not database.fell_behind(1)
        assert places[0] == places[2] != places[1]


# --- an older release -----------------------------------------------------------------------------------------------


@pytest.fixture
def older(postgresql: Server, schema: Schema, engine: Engine) -> Schema:
    """A store with something in it, as a release made it that knew less."""
    engine.path = schema
    engine.settle()
    postgresql.execute(
        f"SET search_path = {schema.name}; DROP INDEX objects_held; DROP TABLE moves; DROP TABLE shown;"
        "ALTER TABLE partitions DROP COLUMN watermark; ALTER TABLE partitions DROP COLUMN missed;"
        "UPDATE meta SET value = '4' WHERE key = 'schema_version'"
    )
    return schema


def test_a_store_of_an_older_release_gets_what_it_lacks_and_keeps_its_rows(older: Schema) -> None:
    with closing(opened(older)) as database:
        assert database.all("SELECT DISTINCT watermark, missed FROM partitions") == [(None, 0)]
        assert database.all("SELECT guid FROM moves") == [] and database.has_index("objects_held")
        assert database.value("SELECT COUNT(*) FROM objects") == 4
        assert database.value("SELECT value FROM meta WHERE key = 'schema_version'") == str(SCHEMA_VERSION)


def test_a_plan_of_a_store_of_an_older_release_leaves_it_as_it_is(
    postgresql: Server, older: Schema, engine: Engine
) -> None:
    before = _dump(postgresql, older)
    engine.leave(3)
    with copied(older) as copy:
        _, planned = replace(engine, path=copy).run(sends=False)
    assert planned.digest and _dump(postgresql, older) == before
