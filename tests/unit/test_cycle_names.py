"""A random walk over names that people pass on: no claim ever comes before the release.

In the directory a name belongs to one person at a time, as AD has it. People leave, come back, are disabled, and take
names that others had; sources are incomplete, deletes too many, objects refused, runs stopped. The cloud must never
see a name twice, and at rest everybody has the name the directory says.
"""

import random

import pytest

from support.build import deletes_up_to, user
from support.engine import Engine
from support.model import no_fault
from support.unique import UniqueCloud

PEOPLE = range(1, 9)
NAMES = [f"name{number}@example.com" for number in range(10)]


class Trial:
    """One walk: an engine and its luck."""

    def __init__(self, path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.engine = Engine(path / "state.db", cloud=UniqueCloud())
        self.names = dict(zip(PEOPLE, NAMES, strict=False))
        self.disabled: set[int] = set()
        self.write()

    def write(self) -> None:
        self.engine.source.entries.clear()
        for number, name in self.names.items():
            control = "514" if number in self.disabled else "512"
            self.engine.source.add(user(number, userPrincipalName=name, userAccountControl=control))

    def change(self) -> None:
        """Somebody leaves, comes (back), takes a free name, or swaps names with somebody else."""
        number, free = self.rng.choice(PEOPLE), sorted(set(NAMES) - set(self.names.values()))
        if number not in self.names:
            self.names[number] = self.rng.choice(free)
            return
        other = self.rng.choice(sorted(self.names))
        match self.rng.randrange(5):
            case 0 if len(self.names) > 2:
                del self.names[number]
            case 1:
                self.names[number], self.names[other] = self.names[other], self.names[number]
            case 2:
                self.disabled ^= {number}
            case _:
                self.names[number] = self.rng.choice(free)

    def fault(self, moment: str) -> None:
        if self.rng.random() < 0.05:
            self.engine.stop.set()

    def step(self) -> None:
        engine = self.engine
        for _ in range(self.rng.randrange(5)):
            self.change()
        self.write()
        engine.source.complete = self.rng.random() < 0.8
        engine.config = deletes_up_to(engine.config, self.rng.choice((0, 500)))
        engine.cloud.fault = self.fault
        engine.cloud.refuse = lambda obj: "no" if self.rng.random() < 0.2 else ""
        engine.run()
        engine.stop.clear()
        assert not engine.cloud.collisions

    def rest(self) -> None:
        """Nothing goes wrong any more, and everybody who waits in a circle gets another name for one sync."""
        engine = self.engine
        engine.cloud.fault, engine.cloud.refuse = no_fault, lambda obj: ""
        engine.source.complete, engine.config = True, deletes_up_to(engine.config, 500)
        wanted = dict(self.names)
        self.names = {number: f"{number}@other.example.com" for number in wanted}
        self.write()
        engine.settle()
        self.names = wanted
        self.write()
        engine.settle()


@pytest.mark.parametrize("seed", range(60))
def test_no_name_is_claimed_while_somebody_else_has_it(tmp_path, seed) -> None:
    trial = Trial(tmp_path, seed)
    for _ in range(8):
        trial.step()
    trial.rest()
    cloud = trial.engine.cloud
    assert not cloud.collisions
    held = {trial.engine.anchor(user(number)): name for number, name in trial.names.items()}
    assert {anchor: each.values["userPrincipalName"] for anchor, each in cloud.objects.items()} == held
