"""Whole runs of a reader who goes blind: nothing is taken away, what comes goes on, the next good read repairs."""

from dataclasses import replace

import pytest

from support.build import BASE, deletes_up_to, group, guid, user, user_dn
from support.engine import Engine, links
from support.veiled import GROUPS, PEOPLE, SALES, VeiledSource, company
from syncramp.cycle.proofs import judge
from syncramp.model.facts import Evidence, Proof
from syncramp.model.proofs import Accepted, Doubt
from syncramp.model.report import RunReport
from syncramp.model.values import Kind
from syncramp.model.wire import Operation
from syncramp.source.dn import parent
from syncramp.store.packing import unpack

SALES_OU = f"OU=Sales,{BASE}"


@pytest.fixture
def veiled(tmp_path) -> Engine:
    """A tenant that holds what the directory does."""
    made = Engine(tmp_path / "state.db", sources=[company()])
    made.config = deletes_up_to(made.config, 500)
    made.pace = replace(made.pace, objects_per_call=200)
    made.settle()
    made.cloud.calls.clear()
    return made


def blind(engine: Engine, **hidden: object) -> VeiledSource:
    source = engine.source
    assert isinstance(source, VeiledSource)
    for name, value in hidden.items():
        setattr(source, name, value)
    return source


def accept(engine: Engine, accepted: Accepted) -> None:
    with engine.store() as store:
        store.staging.accept(1, "all", accepted)


def taken_away(engine: Engine) -> list[object]:
    """What was sent that anybody loses something by."""
    return [
        obj.values["SourceAnchor"]
        for obj in engine.sent
        if obj.operation is Operation.DELETE
        or obj.values.get("accountEnabled") is False
        or any(value is None for value in obj.values.values())
        or any(verb != "ADD" for verb, _ in links(obj))
    ]


def test_words_of_the_wire_that_this_looks_for_are_those_of_the_wire(veiled) -> None:
    veiled.source.entries.pop(guid(1))
    veiled.source.add(user(2), user(3, title="Clerk", telephoneNumber="3", userAccountControl="514"))
    veiled.source.members[guid(101)].clear()
    veiled.settle()
    found = taken_away(veiled)
    assert len(found) == len(set(found)) == 4, "a delete, a clear, a disable and a removal"


VEILS = {
    "an OU": {"below": SALES_OU},
    "an attribute": {"attributes": frozenset({"title"})},
    "two attributes": {"attributes": frozenset({"title", "displayname"})},
    "what accounts are called": {"attributes": frozenset({"userprincipalname"})},
    "who may sign in": {"attributes": frozenset({"useraccountcontrol"})},
    "groups": {"kinds": frozenset({Kind.GROUP})},
    "people": {"kinds": frozenset({Kind.USER})},
    "everything": {"below": BASE},
}


@pytest.mark.parametrize("hidden", VEILS.values(), ids=VEILS)
def test_a_reader_who_loses_sight_of_something_takes_nothing_away(veiled, hidden) -> None:
    before = dict(veiled.cloud.objects)
    source = blind(veiled, **hidden)
    for _ in range(4):
        report, _ = veiled.run()
        assert not report.sources[0].complete and not report.succeeded
        assert not taken_away(veiled)
    assert veiled.cloud.objects == before and not veiled.sent
    source.unveil()
    report, _ = veiled.run()
    assert report.settled and not veiled.sent, "as if nothing had been"


@pytest.mark.parametrize("hidden", [VEILS["an OU"], VEILS["an attribute"]], ids=["an OU", "an attribute"])
def test_creates_and_changes_go_on_while_a_reader_is_blind(veiled, hidden) -> None:
    source = blind(veiled, **hidden)
    veiled.run()
    source.add(user(80, title="Clerk"), user(5, title="Clerk", telephoneNumber="55"))
    veiled.run()
    created, changed = (veiled.anchor(user(number)) for number in (80, 5))
    assert {obj.values["SourceAnchor"] for obj in veiled.sent} == {created, changed} and not taken_away(veiled)
    assert veiled.cloud.objects[changed].values["telephoneNumber"] == "55"


def test_a_reader_who_sees_no_members_any_more_takes_nobody_out(veiled) -> None:
    """Members of twelve groups are too few to be judged by; those of sixty are not."""
    source = veiled.source
    for number in PEOPLE:
        source.members[guid(200 + number)] = [user_dn(number)]
        source.add(group(200 + number))
    veiled.settle()
    veiled.cloud.calls.clear()
    blind(veiled, links=False)
    for _ in range(3):
        report, _ = veiled.run()
        assert report.sources[0].doubt == Doubt.NOT_PERMITTED and "member is not shown" in report.sources[0].reason
    assert not veiled.sent
    blind(veiled).unveil()
    assert veiled.run()[0].settled and not veiled.sent


def test_what_a_blind_reader_shows_is_told_with_the_way_to_accept_it(veiled) -> None:
    blind(veiled, attributes=frozenset({"title"}))
    report, _ = veiled.run()
    read = report.sources[0]
    assert read.doubt == Doubt.NOT_PERMITTED
    assert read.reason == (
        "title is not shown any more by 72 of 72 entries that had it: give this account the right to read it; "
        "if it was really cleared, accept it: syncramp source accept FILE corp --attribute title"
    )
    assert read.proofs["complete"]["proven"] and not read.proofs["permitted"]["proven"]
    assert f"source corp is not permitted: {read.reason}" in [str(getattr(one, "text", "")) for one in veiled.events]


def test_an_attribute_that_a_person_accepts_to_be_cleared_is_cleared_once(veiled) -> None:
    blind(veiled, attributes=frozenset({"title"}))
    veiled.run()
    accept(veiled, Accepted(attributes=frozenset({"title"}), by="ada"))
    report = veiled.settle(approving=True)
    assert report.sources[0].complete and len(taken_away(veiled)) == 72
    with veiled.store() as store:
        assert store.staging.accepted(1, "all").taken
    blind(veiled, attributes=frozenset({"title", "displayname"}))
    assert veiled.run()[0].sources[0].doubt == Doubt.NOT_PERMITTED, "another attribute is another question"


def test_a_source_that_was_emptied_goes_when_a_person_accepts_what_it_shows(veiled) -> None:
    source = veiled.source
    for number in (*PEOPLE, *SALES):
        source.entries.pop(guid(number))
    for members in source.members.values():
        members.clear()
    report, _ = veiled.run()
    assert report.sources[0].doubt == Doubt.SHRUNKEN and report.holds == {"SourceIncomplete": 72}, "members"
    assert report.sources[0].reason.startswith("no user is shown any more, where 72 were; ")
    accept(veiled, Accepted(13))
    assert veiled.run()[0].sources[0].doubt == Doubt.SHRUNKEN, "it shows twelve entries"
    accept(veiled, Accepted(12))
    report = veiled.settle(approving=True)
    assert report.sources[0].complete and len(veiled.cloud.objects) == len(GROUPS)


@pytest.mark.parametrize("said", [Accepted(12), Accepted(attributes=frozenset({"title"})), Accepted(older=True)])
def test_what_was_accepted_and_mended_before_it_was_read_accepts_nothing_later(veiled, said) -> None:
    hidden = {"attributes": said.attributes} if said.attributes else {"kinds": frozenset({Kind.USER})}
    old = Evidence(False, "", "", "an old copy")
    source = blind(veiled, **({"fresh": old} if said.older else hidden))
    veiled.run()
    accept(veiled, said)
    source.unveil()
    assert veiled.run()[0].sources[0].complete
    blind(veiled, **({"fresh": old} if said.older else hidden))
    for _ in range(3):
        assert not veiled.run()[0].sources[0].complete
    assert not taken_away(veiled)


def test_who_was_accepted_to_be_gone_is_no_ground_for_the_next_one(veiled) -> None:
    blind(veiled, below=SALES_OU)
    veiled.run()
    accept(veiled, Accepted(72))
    assert veiled.run()[0].sources[0].complete
    assert veiled.run()[0].sources[0].complete, "they are absent for the second time"
    blind(veiled, below=BASE)
    assert veiled.run()[0].sources[0].doubt == Doubt.SHRUNKEN, "it counted once"


def test_a_read_that_breaks_off_while_an_attribute_is_hidden_makes_the_next_one_no_better(veiled) -> None:
    source = blind(veiled, attributes=frozenset({"title"}), breaks_after=41)
    assert not veiled.run()[0].sources[0].complete
    source.breaks_after = None
    for _ in range(3):
        assert veiled.run()[0].sources[0].doubt == Doubt.NOT_PERMITTED
    assert not veiled.sent
    source.unveil()
    assert veiled.run()[0].settled and not veiled.sent


def test_values_that_are_not_shown_any_more_stay_in_the_store_until_their_loss_is_believed(veiled) -> None:
    def held() -> tuple[int, int]:
        with veiled.store() as store:
            attributes = [unpack(packed) for (packed,) in store.database.all("SELECT attrs FROM entries")]
            return sum("title" in each for each in attributes), store.database.value("SELECT COUNT(*) FROM withheld")

    blind(veiled, attributes=frozenset({"title"}))
    for _ in range(2):
        veiled.run()
        assert held() == (72, 0)
    accept(veiled, Accepted(attributes=frozenset({"title"})))
    veiled.run()
    assert held() == (0, 0)


def test_a_few_who_lose_an_attribute_while_most_keep_it_are_believed(veiled) -> None:
    veiled.source.add(*(user(number, telephoneNumber=str(number)) for number in range(1, 21)))
    report, _ = veiled.run()
    assert report.sources[0].complete and len(taken_away(veiled)) == 20


def test_an_attribute_that_nobody_asks_for_any_more_is_not_missed(veiled) -> None:
    wanted = veiled.rules("corp").wanted
    source = blind(veiled, attributes=frozenset({"title"}))
    with veiled.store() as store:
        stage = store.staging.begin(1, "all")
        stage.judge(judge, wanted - {"title"}, parent)
        *facts, proof = source.read("all", wanted)
        for fact in facts:
            stage.add(fact)
        assert isinstance(proof, Proof) and store.staging.prove(stage, proof).complete


def test_a_directory_that_is_older_than_it_was_takes_nothing_away(veiled) -> None:
    source = blind(veiled, fresh=Evidence(False, "usn 9", "usn 7", "the server lacks changes that were read before"))
    source.entries.pop(guid(1))
    source.add(user(2, telephoneNumber="2"))
    for _ in range(3):
        report, _ = veiled.run()
        assert report.sources[0].doubt == Doubt.NOT_FRESH
    assert not veiled.sent
    assert report.hold_samples["SourceIncomplete"][0].detail.startswith("not fresh: the server lacks")
    accept(veiled, Accepted(older=True))
    assert veiled.run()[0].sources[0].complete


@pytest.mark.parametrize("name", ["complete", "fresh", "permitted"])
def test_each_proof_is_kept_with_what_was_expected_and_seen(veiled, name) -> None:
    evidence = Evidence(False, "this much", "that much", "it is not")
    blind(veiled, **({"complete": False} if name == "complete" else {name: evidence}))
    report, _ = veiled.run()
    with veiled.store() as store:
        kept = store.staging.verdict(1, "all")
        assert kept is not None and kept.as_json() == report.sources[0].proofs
        assert store.staging.incomplete()[1] == kept.told
    proven = {each: told["proven"] for each, told in report.sources[0].proofs.items()}
    assert proven == {each: each != name for each in ("complete", "fresh", "permitted")}


def test_a_report_as_it_is_kept_tells_the_proofs(veiled) -> None:
    report, _ = veiled.run()
    kept = RunReport(sources=report.sources).as_json()["sources"][0]["proofs"]
    told = {"proven": True, "expected": "about 84 entries, as before", "seen": "84 entries read", "reason": ""}
    assert kept["complete"] == told
