"""A tenant in which people change groups of the cloud."""

from hypothesis import strategies as st

from support.simulator import put
from syncramp.simulator.tenant import Tenant


class Office:
    """A tenant in which people change groups; one group always has its member, so members are known to be told."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant, self.portal = tenant, tenant.portal
        tenant.provision([put(f"a{number}") for number in range(3)])
        self.people = [tenant.portal.cloud_anchor(f"a{number}") for number in range(3)]
        self.people += [tenant.portal.add_user(f"c{number}@x.example") for number in range(3)]
        self.groups = [tenant.portal.add_group("first", self.people[:3])]
        self.kept = tenant.portal.add_group("kept", [tenant.portal.add_user("always@x.example")])
        self._made = 0

    def act(self, name: str, number: int, other: int) -> None:
        if self.groups or name == "add":
            getattr(self, name)(number, other)

    def add(self, number: int, other: int) -> None:
        self._made += 1
        self.groups.append(self.portal.add_group(f"group{self._made}", self.people[: number % 4]))

    def join(self, number: int, other: int) -> None:
        self.portal.change_members(self._group(number), add=[self.people[other % len(self.people)]])

    def leave(self, number: int, other: int) -> None:
        self.portal.change_members(self._group(number), remove=[self.people[other % len(self.people)]])

    def nest(self, number: int, other: int) -> None:
        self.portal.change_members(self.kept, add=[self._group(number)])

    def rename(self, number: int, other: int) -> None:
        self.portal.change(self._group(number), DisplayName=f"New name {other}")

    def delete(self, number: int, other: int) -> None:
        self.portal.delete(self.groups.pop(number % len(self.groups)))

    def depart(self, number: int, other: int) -> None:
        if len(self.people) > 1:
            self.portal.delete(self.people.pop(number % len(self.people)))

    def _group(self, number: int) -> str:
        return self.groups[number % len(self.groups)]


ACTIONS = ("add", "join", "leave", "nest", "rename", "delete", "depart")
steps = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 7), st.integers(0, 7)), max_size=6)
