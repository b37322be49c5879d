"""An identity that takes over what another source reads has the values that others lost to it."""

from pathlib import Path

from support.build import user
from support.engine import Engine
from support.model import ListSource


def test_who_lost_a_value_to_somebody_whose_identity_was_taken_over_is_judged_again(tmp_path: Path) -> None:
    corp, labs = ListSource(), ListSource("labs")
    engine = Engine(tmp_path / "state.db", sources=[corp, labs])
    corp.add(user(1), user(2), user(3))
    labs.add(user(9))
    engine.settle()
    labs.add(user(1, proxyAddresses="smtp:f@x.example"), user(4, mail="f@x.example"))
    engine.run()
    with engine.store() as store:
        owners = "SELECT DISTINCT c.owner FROM contested c LEFT JOIN objects o ON o.id = c.owner WHERE o.id IS NULL"
        assert store.database.all("SELECT object FROM contested WHERE owner != object")
    del corp.entries[user(1).guid]
    for title in ("Clerk", "Boss"):
        corp.add(user(2, title=title))
        labs.add(user(4, mail="f@x.example", title=title))
        engine.run()
        with engine.store() as store:
            assert not store.database.all(owners)
