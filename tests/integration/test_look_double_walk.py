"""Whatever people do between looks, what all looks show together is what one look from nothing shows."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from support.ad_double_tree import Replica
from support.looked import mark
from support.looked_double import seen_at, served, written

EDITS = st.lists(
    st.tuples(
        st.sampled_from(
            ["link", "unlink", "rename", "move", "delete", "restore", "spoil", "mark", "describe", "write", "look"]
        ),
        st.integers(0, 99),
        st.integers(0, 99),
    ),
    max_size=25,
)


class Person:
    """Somebody who edits written-back groups by hand."""

    def __init__(self) -> None:
        self.replica = Replica()
        self.places = [self.replica.unit("Written"), self.replica.unit("Other")]
        self.people = [self.replica.user(f"p{number}") for number in range(4)]
        self.groups = [written(self.replica, number, self.places[0]) for number in range(3)]

    def edit(self, what: str, first: int, second: int) -> None:
        replica, group = self.replica, self.groups[first % len(self.groups)]
        deleted = replica.objects[group].deleted
        if what == "write":
            self.groups.append(written(replica, len(self.groups), self.places[second % 2]))
        elif what == "restore" and deleted:
            replica.restore(group)
        elif deleted:
            return
        elif what == "link":
            replica.link(group, self.people[second % 4])
        elif what == "unlink":
            replica.unlink(group, self.people[second % 4])
        elif what == "rename":
            replica.rename(group, rdn=f"CN=Renamed {second}-{first}")
        elif what == "move":
            replica.rename(group, parent=self.places[second % 2])
        elif what == "delete":
            replica.delete(group)
        elif what in ("spoil", "mark"):
            value = b"spoilt" if what == "spoil" else mark(second % len(self.groups)).encode()
            replica.change(group, adminDescription=[value])
        elif what == "describe":
            replica.change(group, description=[b"%d" % second])


@given(EDITS)
@settings(max_examples=25)
def test_looks_one_after_the_other_end_at_what_one_look_from_nothing_shows(
    edits: list[tuple[str, int, int]],
) -> None:
    person = Person()
    with TemporaryDirectory() as folder, served(person.replica, Path(folder), max_page=2, max_values=2) as server:
        seen = seen_at(server).look()
        for what, first, second in edits:
            if what == "look":
                seen.look()
            else:
                person.edit(what, first, second)
        seen.look()
        fresh = seen_at(server)
        # who is known decides between several groups with one mark
        known = {group.guid: one for one, group in seen.groups.items()}
        with fresh.looking() as look:
            for one in look.groups(None, known):
                fresh._take(one)
    assert fresh.members == seen.members
    assert {one: (group.guid, group.dn, dict(group.values)) for one, group in fresh.groups.items()} == {
        one: (group.guid, group.dn, dict(group.values)) for one, group in seen.groups.items()
    }
    expected = {
        group.guid: set(person.replica.targets(person.replica.objects[group.guid], "member"))
        for group in seen.groups.values()
    }
    assert {group.guid: seen.members[one] for one, group in seen.groups.items()} == expected
