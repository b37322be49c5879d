"""Random changes of a replica, of every sort that a person makes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from support.ad_double_tree import Object, Replica

FORGOTTEN = "forgotten"
"""A unit that is never restored."""
Choose = Callable[[Sequence[bytes]], bytes]


@dataclass
class Walk:
    """Changes of one replica; ``choose`` picks one of some GUIDs."""

    replica: Replica
    choose: Choose
    stays: bytes = b""
    """Who is never deleted: a domain without anybody is not read completely."""
    _number: int = field(default=0, init=False)

    def step(self, what: str) -> None:
        """One change, if there is anything to change."""
        getattr(self, what)()

    def user(self) -> None:
        self.replica.user(self._name(), self._place(), mail=[b"%d@test" % self._number])

    def group(self) -> None:
        self.replica.group(self._name(), self._place(), member=self._some(self._people())[:3])

    def unit(self) -> None:
        self.replica.unit(self._name(), self._place())

    def change(self) -> None:
        for guid in self._some(self._people()):
            self.replica.change(guid, mail=[b"%s@test" % self._name().encode()])

    def clear(self) -> None:
        for guid in self._some(self._people()):
            self.replica.change(guid, mail=[])

    def manager(self) -> None:
        for guid in self._some(self._people()):
            self.replica.change(guid, manager=self._some(self._people()))

    def another_class(self) -> None:
        for guid in self._some(self._of("user")):
            held = self.replica.objects[guid].values["objectclass"]
            self.replica.change(guid, objectClass=[*held, b"inetOrgPerson"])

    def join(self) -> None:
        for group in self._some(self._of("group")):
            self.replica.link(group, *self._some(self._people()))

    def leave(self) -> None:
        for group in self._some(self._of("group")):
            self.replica.unlink(group, *self._some(self.replica.targets(self.replica.objects[group], "member")))

    def rename(self) -> None:
        for guid in self._some(self._people()):
            self.replica.rename(guid, rdn=f"CN={self._name()}")

    def rename_unit(self) -> None:
        for guid in self._some(self._of("organizationalUnit")):
            self.replica.rename(guid, rdn=f"OU={self._name()}")

    def move(self) -> None:
        for guid in self._some([*self._people(), *self._of("organizationalUnit")]):
            place = self._place()
            if not self._lies_below(place, guid):
                self.replica.rename(guid, parent=place)

    def delete(self) -> None:
        parents = {held.parent for held in self._living()} | {self.stays}
        for guid in self._some([held.guid for held in self._living() if held.guid not in parents and held.parent]):
            self.replica.delete(guid)

    def restore(self) -> None:
        trash = [
            held.guid
            for held in self.replica.objects.values()
            if held.deleted and held.guid != self.replica.deleted_objects and held.rdn != f"OU={FORGOTTEN}"
        ]
        for guid in self._some(trash):
            self.replica.restore(guid, self._place())

    def _name(self) -> str:
        self._number += 1
        return f"n{self.replica.number}-{self._number}"

    def _some(self, guids: Sequence[bytes]) -> list[bytes]:
        return [self.choose(guids)] if guids else []

    def _place(self) -> bytes:
        return self.choose([self.replica.root, *self._of("organizationalUnit")])

    def _living(self) -> list[Object]:
        return [held for held in self.replica.objects.values() if not held.deleted]

    def _of(self, name: str) -> list[bytes]:
        return [held.guid for held in self._living() if name.encode() in held.values["objectclass"]]

    def _people(self) -> list[bytes]:
        return [*self._of("user"), *self._of("group")]

    def _lies_below(self, guid: bytes, top: bytes) -> bool:
        while guid and guid != top:
            guid = self.replica.objects[guid].parent
        return guid == top


STEPS = sorted(name for name, what in vars(Walk).items() if callable(what) and name[0] != "_" and name != "step")
