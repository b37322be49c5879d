"""The sets of objects, found in one scan, are what each one's own question finds."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.model.state import Cause
from syncramp.model.values import Kind
from syncramp.source import dn
from syncramp.store.standing import Standing
from syncramp.store.store import Store

SETS = {
    "desired": "digest IS NOT NULL AND anchor IS NOT NULL",
    "departing": "digest IS NULL AND (acked IS NOT NULL OR doubt = 1)",
    "in_cloud": "acked IS NOT NULL",
    "coming": "acked IS NULL AND digest IS NOT NULL",
    "in_doubt": "doubt = 1",
    "absent": "digest IS NULL AND cause IN ('Absent', 'AbsentOnce', 'Deleted')",
    "differing": """CASE WHEN digest IS NULL THEN acked IS NOT NULL OR doubt = 1
                    ELSE acked IS NULL OR acked != digest OR doubt = 1 OR hold != '' END""",
}
STAND = st.tuples(
    st.sampled_from([None, b"1", b"2"]),
    st.sampled_from([None, b"1", b"2"]),
    st.booleans(),
    st.integers(0, 1),
    st.sampled_from(["", *(cause.value for cause in Cause)]),
    st.sampled_from(["", "it was a User"]),
    st.integers(0, 2),
    st.sampled_from(["User", "User", "Group", "Contact"]),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory):
    made = Store(Path(tmp_path_factory.mktemp("standing")) / "state.db", dn.key)
    yield made
    made.close()


@given(st.dictionaries(st.integers(1, 40), STAND, max_size=20))
def test_every_set_is_what_its_own_question_finds(store: Store, objects) -> None:
    store.database.run("DELETE FROM objects")
    store.database.run_many(
        """INSERT INTO objects (id, source, unread, digest, acked, anchor, doubt, cause, hold, confirmed, kind)
           VALUES (?, 1, 0, ?, ?, ?, ?, ?, ?, ?, ?)""",
        [
            (identity, wanted, known, str(identity) if anchored else None, *rest)
            for identity, (wanted, known, anchored, *rest) in objects.items()
        ],
    )
    standing = Standing(store.database)
    for name, where in SETS.items():
        asked = store.database.all(f"SELECT id FROM objects WHERE {where}")
        assert set(getattr(standing, name)) == {row[0] for row in asked}, name
    for kind in Kind:
        asked = store.database.all("SELECT id FROM objects WHERE kind = ?", (kind.value,))
        assert set(standing.of_kind(kind)) == {row[0] for row in asked}, kind
    counted = "SELECT {0}, COUNT(*) FROM objects WHERE acked IS NOT NULL GROUP BY {0}"
    assert standing.kinds() == dict(store.database.all(counted.format("kind")))
    assert standing.confirmations() == dict(store.database.all(counted.format("confirmed")))
