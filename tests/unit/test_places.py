"""Where the ledger of written-back groups is: beside its store, and never the same place."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from syncramp.store.places import LONGEST, Schema, beside, schema_name

NAMES = st.text("abcxyz-0", min_size=1, max_size=63)


@given(NAMES, NAMES)
def test_a_server_tells_the_ledgers_of_all_documents_from_each_other_and_from_their_stores(
    namespace: str, name: str
) -> None:
    """It would cut a longer name, and one schema would be both."""
    store = Schema("postgresql://u@h/db", schema_name(namespace, name), "store")
    ledger = beside(store)
    assert isinstance(ledger, Schema)
    assert len(ledger.name) <= LONGEST >= len(store.name)
    assert ledger.name[:LONGEST] != store.name[:LONGEST]
    assert store.name.rpartition("_")[2] in ledger.name  # the whole digest, which tells documents apart


def test_in_a_folder_it_has_the_name_of_the_store() -> None:
    assert beside(Path("/var/lib/prod.corp.db")) == Path("/var/lib/prod.corp_writeback.db")
    assert beside(Path("/var/lib/state")) == Path("/var/lib/state_writeback")


def test_a_document_that_is_named_after_the_other_direction_has_a_store_of_its_own() -> None:
    assert beside(Path("/var/lib/prod.corp.db")) != Path("/var/lib/prod.corp.writeback.db")
