"""Values that share their names with others are what a dictionary of them is."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from syncramp.cycle.shown import ShownObject
from syncramp.model.cells import ABSENT, Cells, Columns
from syncramp.model.wire import Operation, SyncObject
from syncramp.plan.comparison import compare, unequal

NAMES = ("CloudAnchor", "SourceAnchor", "CloudMastered", "City", "city", "Mail", "ProxyAddresses", "Member")
ASKED = (*NAMES, "mail", "cloudanchor", "thumbnailPhoto", "Nobody")
texts = st.sampled_from(["a", "b", "true", "1"])
values = texts | st.none() | st.booleans() | st.integers(0, 1) | st.binary(max_size=1) | st.lists(texts).map(tuple)
shown = st.lists(st.sampled_from(NAMES), unique=True).flatmap(
    lambda names: st.tuples(*(st.tuples(st.just(name), values | st.just(ABSENT)) for name in names))
)
wanted = st.dictionaries(st.sampled_from(ASKED), values.filter(lambda value: value is not None) | st.just(""))


def both(pairs: tuple[tuple[str, Any], ...]) -> tuple[Cells, dict[str, Any]]:
    columns = Columns([name for name, _ in pairs])
    return Cells(columns, [cell for _, cell in pairs]), {name: cell for name, cell in pairs if cell != ABSENT}


@given(shown)
def test_cells_are_asked_as_a_dictionary_is(pairs) -> None:
    cells, plain = both(pairs)
    assert cells == plain and repr(cells) == repr(plain) and len(cells) == len(plain)
    assert list(cells) == list(plain) == list(cells.keys())
    assert list(cells.items()) == list(plain.items()) and list(cells.values()) == list(plain.values())
    for name in ASKED:
        assert (name in cells, cells.get(name), cells.get(name, 7)) == (
            name in plain,
            plain.get(name),
            plain.get(name, 7),
        )
        assert [cells[name] for _ in "x" if name in cells] == [plain[name] for _ in "x" if name in plain]


@given(st.lists(st.tuples(shown, wanted), min_size=1, max_size=5))
def test_an_object_is_found_as_it_was_sent_or_not_by_its_cells_as_by_its_values(some) -> None:
    for pairs, acked in some:
        by_cells, by_values = (ShownObject(SyncObject("User", Operation.SET, each)) for each in both(pairs))
        assert unequal(acked, by_cells.values) == unequal(acked, by_values.values)
        assert compare(acked, by_cells.values) == compare(acked, by_values.values)
        for name in ("anchor", "authority", "only_members", "members", "name"):
            assert getattr(by_cells, name) == getattr(by_values, name)


def test_what_is_taken_of_names_is_found_anew_when_there_were_too_many_selections() -> None:
    cells = Cells(Columns(["City", "Mail"]).small or Columns([]), ["Oslo", "m"])
    for number in range(Columns.MOST + 5):
        assert cells.taken(("mail", f"x{number}")) is None
    assert cells.taken(("mail", "City")) == ("m", "Oslo")
    assert len(cells.columns._taking) <= Columns.MOST


def test_an_object_taken_whole_carries_no_links() -> None:
    assert SyncObject("User", Operation.SET, Cells(Columns(["Mail"]), ["m"])).links == 0
