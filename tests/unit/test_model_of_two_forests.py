"""A random walk over two forests whose entries are one person by mail or by number, while everything goes wrong.

After every step the bounds hold (``support.trial``). At rest there is one object for each person, or two where the
entries shared nothing for a while and both were created; no member is lost, and an entry that is gone took only its
own attributes along.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from support.build import config, group, guid
from support.engine import Engine
from support.forests import FORESTS, GROUPS, OWN, PEOPLE, Forests, dn_of, number_of
from support.model import ListSource
from support.trial import Trial, check_bounds
from syncramp.model.values import Kind
from syncramp.spec.types import Join, JoinBy

USERS = frozenset({Kind.USER})


class TwoForests(Trial):
    """One walk; now and then a forest cannot be read to its end."""

    def make_engine(self, path: Path) -> Engine:
        engine = Engine(path, sources=[ListSource("corp"), ListSource("forest")], clock=lambda: self.now)
        document = config(sources=("corp", "forest"), endpoint=engine.config.target.endpoint)
        engine.config = replace(document, joins=(Join(USERS, JoinBy.MAIL), Join(USERS, JoinBy.EMPLOYEE_ID)))
        return engine

    def fill(self) -> None:
        corp, forest = self.engine.sources
        self.forests = Forests((corp, forest))
        for person in PEOPLE:
            for place in FORESTS:
                if self.rng.random() < 0.7:
                    self.forests.join((place, person))
                    self.forests.move((place, person), self.rng.choice(FORESTS), self.rng.choice(GROUPS))

    def change(self) -> None:
        self.forests.change(self.rng)
        for source in self.engine.sources:
            source.complete = self.rng.random() < 0.9

    def mend(self) -> None:
        for source in self.engine.sources:
            source.complete = True

    def rest(self) -> None:
        """An entry that one import did not see still adds to its person; the next one is sure."""
        super().rest()
        self.engine.run()
        self.engine.settle()


def objects_of(trial: TwoForests, person: int) -> dict[int, str]:
    """Forest -> anchor of the object in the cloud, of those that the person may have there."""
    anchors = {forest: trial.engine.anchor(entry_of(forest, person)) for forest in FORESTS}
    return {forest: anchor for forest, anchor in anchors.items() if anchor in trial.engine.cloud.objects}


def entry_of(forest: int, person: int):
    return replace(group(1), guid=guid(number_of(forest, person)), kind=Kind.USER)


def check_rest(trial: TwoForests) -> None:
    forests, cloud = trial.forests, trial.engine.cloud
    people = {person: objects_of(trial, person) for person in PEOPLE}
    groups = {
        trial.engine.anchor(group(number_of(forest, one))): (forest, one) for forest in FORESTS for one in GROUPS
    }
    assert set(cloud.objects) == {*groups, *(anchor for found in people.values() for anchor in found.values())}
    whose = {}
    for person, found in people.items():
        there = forests.there(person)
        together = len(there) == 2 and forests.shares(person)
        if together and len(found) == 2:
            assert person in forests.apart
            together = False
        assert len(found) == (1 if together else len(there))
        for forest in there:
            if len(there) == 1 or together:
                whose[dn_of(forest, person)] = next(iter(found.values()))
            else:
                whose[dn_of(forest, person)] = found[forest]
        for anchor in found.values():
            mine = [forest for forest in there if whose[dn_of(forest, person)] == anchor]
            for forest in FORESTS:
                expected = forests.entries[forest, person].get(OWN[forest]) if forest in mine else None
                assert cloud.objects[anchor].values.get(OWN[forest]) == expected
            enabled = any(forests.entries[one, person].get("userAccountControl") != "514" for one in mine)
            assert cloud.objects[anchor].values["accountEnabled"] is enabled
    for anchor, (forest, one) in groups.items():
        named = trial.engine.sources[forest].members.get(guid(number_of(forest, one)), [])
        assert cloud.links.get(anchor, set()) == {whose[name] for name in named if name in whose}
    for person in PEOPLE:
        for forest in forests.there(person):
            anchor = whose[dn_of(forest, person)]
            mine = [one for one in forests.there(person) if whose[dn_of(one, person)] == anchor]
            wanted = [forests.entries[one, person].get("manager") for one in mine]
            expected = next((whose.get(name) for name in wanted if name), None)
            assert cloud.objects[anchor].values.get("manager") == expected


@pytest.mark.parametrize("seed", range(40))
def test_there_is_one_object_for_each_person_whatever_goes_wrong(tmp_path, monkeypatch, seed) -> None:
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)
    trial = TwoForests(tmp_path, seed)
    for _ in range(8):
        trial.step()
    trial.rest()
    check_bounds(trial.engine)
    check_rest(trial)
    calls = len(trial.engine.cloud.calls)
    report, _ = trial.engine.run()
    assert report.settled
    assert len(trial.engine.cloud.calls) == calls, "a run without changes sends nothing"
