"""Three proofs of a read, judged: nothing passes that one of them is against, and a person accepts what is named."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.cycle.proofs import judge
from syncramp.model.facts import Evidence, Looked, Proof
from syncramp.model.proofs import Accepted, Doubt, Observed, Verdict
from syncramp.model.values import Kind

WHOLE = Proof("DC=test", True, 12_000, None)
NOBODY = Accepted()
BLIND = Evidence(False, "everything", "less", "the account sees less")
NUMBERS = st.integers(0, 400)


def seen(users: int = 0, missing: int = 0, groups: int = 0, missing_groups: int = 0, **rest: object) -> Observed:
    """So many users and groups that were there or are, and so many of them that are not shown any more."""
    known, gone = {Kind.USER: users, Kind.GROUP: groups}, {Kind.USER: missing, Kind.GROUP: missing_groups}
    return Observed(known, gone, **rest)  # type: ignore[arg-type]


def doubt(proof: Proof, observed: Observed, accepted: Accepted = NOBODY) -> Doubt | None:
    return judge(proof, observed, accepted, "corp").doubt


def lost(lost: int, had: int) -> Observed:
    return Observed({Kind.USER: 1000}, had={"mail": had}, lost={"mail": lost})


@st.composite
def observations(draw: st.DrawFn) -> Observed:
    known = draw(st.dictionaries(st.sampled_from(Kind), NUMBERS))
    missing = {kind: draw(st.integers(0, number)) for kind, number in known.items()}
    had = draw(st.dictionaries(st.sampled_from(["mail", "title"]), NUMBERS))
    gone = {name: draw(st.integers(0, number)) for name, number in had.items()}
    hidden = draw(st.dictionaries(st.just("OU=a,DC=test"), st.integers(1, 30)))
    return Observed(known, missing, hidden, had, gone, draw(st.integers(0, 2)))


@st.composite
def proofs(draw: st.DrawFn) -> Proof:
    complete = draw(st.booleans())
    evidence = st.sampled_from([Evidence(), BLIND])
    looked = st.none() | st.just(Looked(5)) | st.just(Looked(5, unseen=frozenset({"mail"})))
    return Proof(
        "DC=test",
        complete,
        draw(NUMBERS),
        None,
        "" if complete else "it broke off",
        draw(evidence),
        draw(evidence),
        delta=draw(st.booleans()),
        looked=draw(looked),
    )


ACCEPTED = st.builds(
    Accepted,
    st.none() | NUMBERS,
    st.frozensets(st.sampled_from(["mail", "title"])),
    st.booleans(),
    taken=st.booleans(),
)


@given(proofs(), observations(), ACCEPTED)
def test_what_a_source_does_not_prove_nobody_can_accept(proof, observed, accepted) -> None:
    verdict = judge(proof, observed, accepted)
    if not proof.complete or not proof.permitted.proven:
        assert not verdict.proven and verdict.reason
    if not proof.fresh.proven and not accepted.older:
        assert not verdict.proven and verdict.doubt is not None


@given(proofs(), observations(), ACCEPTED)
def test_a_verdict_tells_why_exactly_when_it_is_not_proven(proof, observed, accepted) -> None:
    verdict = judge(proof, observed, accepted)
    assert verdict.proven == (verdict.doubt is None) == (not verdict.reason)
    for each in (verdict.complete, verdict.fresh, verdict.permitted):
        assert each.proven == (not each.reason)


@given(proofs(), observations(), ACCEPTED)
def test_accepting_never_takes_a_proof_away_and_is_taken_only_where_it_was_needed(proof, observed, accepted) -> None:
    strict, mild = judge(proof, observed, NOBODY), judge(proof, observed, accepted)
    assert mild.proven or not strict.proven
    assert mild.taken == (mild.proven and not strict.proven)
    assert judge(proof, observed, replace(accepted, taken=True)) == strict, "it counts once"


@given(observations(), st.integers(0, 1200))
def test_a_read_that_shows_fewer_than_a_person_accepted_is_not_believed(observed, number) -> None:
    strict, mild = judge(WHOLE, observed, NOBODY), judge(WHOLE, observed, Accepted(number))
    if observed.shown < number:
        assert mild == strict
    else:
        assert not mild.shrunken and mild.complete.proven


@pytest.mark.parametrize(
    ("observed", "shrunken"),
    [
        (seen(1000, 200), False),
        (seen(1000, 201), True),
        (seen(250, 50), False),
        (seen(250, 51), True),
        (seen(9, 9), False),
        (seen(10, 10), True),
        (seen(20, 10), False),
        (seen(20, 11), True),
        (seen(10_000, 0, 10, 10), True),
        (seen(10_000, 0, 9, 9), False),
        (seen(10_000, 0, 200, 60), True),
        (seen(8, 8, 8, 8), True),
    ],
)
def test_a_read_is_shrunken_when_it_misses_more_than_can_be_believed(observed, shrunken) -> None:
    assert (doubt(WHOLE, observed) is Doubt.SHRUNKEN) == shrunken
    assert (doubt(replace(WHOLE, delta=True), observed) is Doubt.SHRUNKEN) == shrunken


@pytest.mark.parametrize(
    ("gone", "had", "delta", "unread"),
    [
        (20, 20, False, True),
        (19, 19, False, False),
        (50, 100, False, False),
        (51, 100, False, True),
        (49, 49, True, False),
        (50, 50, True, True),
        (50, 100, True, False),
    ],
)
def test_an_attribute_that_most_lost_at_once_is_unread_and_not_empty(gone, had, delta, unread) -> None:
    verdict = judge(replace(WHOLE, delta=delta), lost(gone, had), NOBODY, "corp")
    assert (verdict.doubt is Doubt.NOT_PERMITTED) == unread
    assert verdict.unread == (frozenset({"mail"}) if unread else frozenset())


def test_who_accepts_one_attribute_accepts_no_other_and_no_fewer_entries() -> None:
    both = Observed({Kind.USER: 1000}, had={"mail": 90, "title": 90}, lost={"mail": 90, "title": 90})
    assert doubt(WHOLE, both, Accepted(attributes=frozenset({"mail"}))) is Doubt.NOT_PERMITTED
    assert doubt(WHOLE, both, Accepted(attributes=frozenset({"mail", "title"}))) is None
    assert doubt(WHOLE, both, Accepted(0)) is Doubt.NOT_PERMITTED
    assert doubt(WHOLE, seen(100, 100), Accepted(attributes=frozenset({"mail"}))) is Doubt.SHRUNKEN


def test_a_container_of_which_nothing_is_shown_is_not_permitted_until_a_person_says_so() -> None:
    hidden = seen(1000, 12, hidden={"OU=Sales,DC=test": 12})
    verdict = judge(WHOLE, hidden, NOBODY, "corp")
    assert verdict.doubt is Doubt.NOT_PERMITTED and verdict.complete.proven
    assert "nothing below OU=Sales,DC=test is shown any more, where 12 entries were" in verdict.reason
    assert verdict.reason.endswith("syncramp source accept FILE corp --entries 988")
    assert doubt(WHOLE, hidden, Accepted(988)) is None
    assert doubt(WHOLE, seen(1000, 9, hidden={"OU=Sales,DC=test": 9})) is None


def test_a_sentinel_that_vanished_without_a_delete_makes_a_read_not_permitted() -> None:
    proof = replace(WHOLE, delta=True, looked=Looked(24, frozenset({bytes(16)})))
    assert doubt(proof, seen(1000, vanished=1)) is Doubt.NOT_PERMITTED
    assert doubt(proof, seen(1000, vanished=0)) is None, "its delete was told"


def test_an_attribute_that_no_sentinel_shows_is_named() -> None:
    verdict = judge(replace(WHOLE, looked=Looked(24, unseen=frozenset({"title"}))), seen(1000), NOBODY, "corp")
    assert verdict.doubt is Doubt.NOT_PERMITTED and verdict.unread == {"title"}
    assert verdict.reason.startswith("DC=test: title is not shown any more by any sentinel: give this account")


def test_what_is_older_than_before_is_not_fresh_until_a_person_says_so() -> None:
    stale = replace(WHOLE, fresh=Evidence(False, "usn 9", "usn 7", "dc2 has not seen what dc1 had"))
    verdict = judge(stale, seen(1000), NOBODY, "corp")
    assert verdict.doubt is Doubt.NOT_FRESH and verdict.fresh.expected == "usn 9"
    assert doubt(stale, seen(1000), Accepted(0, frozenset({"mail"}))) is Doubt.NOT_FRESH
    accepted = judge(stale, seen(1000), Accepted(older=True))
    assert accepted.proven and accepted.taken


def test_a_shrunken_read_says_what_is_missing_and_how_it_is_accepted() -> None:
    verdict = judge(WHOLE, seen(12_000, 11_988, 40), NOBODY, "corp")
    assert verdict.reason == (
        "DC=test: 11,988 of 12,000 users are missing; "
        "if that is true, accept it: syncramp source accept FILE corp --entries 52"
    )
    assert (verdict.complete.expected, verdict.complete.seen) == (
        "about 12,040 entries, as before",
        "52 entries shown",
    )
    emptied = judge(WHOLE, seen(12_000, 0, 40, 40), NOBODY, "corp")
    assert emptied.reason.startswith("DC=test: no group is shown any more, where 40 were; ")


def test_of_a_delta_what_changed_is_told_and_how_much_is_there() -> None:
    verdict = judge(replace(WHOLE, entries=1, delta=True), seen(12_000, 3), NOBODY, "corp")
    assert (verdict.complete.proven, verdict.complete.expected) == (True, "about 12,000 entries, as before")
    assert verdict.complete.seen == "1 entry changed, about 11,997 there"


def test_without_anything_known_before_what_the_source_says_is_all() -> None:
    assert judge(WHOLE, Observed(), NOBODY) == Verdict(Evidence(True, "", "12,000 entries read"))
