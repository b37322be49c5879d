"""The wire profile: its document, whom it belongs to, what it settles, and what a run says of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from support.build import config
from support.pages import coded, rows, section
from syncramp.endpoint.facts import QUESTIONS, Fact, Verdict
from syncramp.endpoint.profile import OLD, WireProfile, named_by, parse, reported, settled, stranger
from syncramp.errors import InputRefused
from syncramp.spec.references import KeyRef
from syncramp.spec.types import Cloud, EndpointOverrides, ReadBackNames, Target

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
CANARY = "a-secret-that-is-nobodys-business"


def fact(name: str, observed: object) -> Fact:
    return QUESTIONS[name].answered(observed)  # type: ignore[arg-type]


def profile(**changes: object) -> WireProfile:
    facts = {"readBack.cookieMember": fact("readBack.cookieMember", "OutputCookie")}
    made = WireProfile(NOW, "0.1.0", Cloud.COMMERCIAL, "localhost:8443", "57cf9f28", facts)
    return replace(made, **changes)  # type: ignore[arg-type]


def target(cloud: Cloud = Cloud.COMMERCIAL, **settings: object) -> Target:
    overrides = EndpointOverrides(**settings)  # type: ignore[arg-type]
    return replace(config().target, cloud=cloud, endpoint=overrides)


def body(**changes: object) -> bytes:
    """The document of a profile with members changed; None takes one away."""
    data = {**yaml.safe_load(profile().text()), **changes}
    return yaml.safe_dump({name: value for name, value in data.items() if value is not None}).encode()


observed = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.text(max_size=50), st.floats(0, 1e6))


@given(st.dictionaries(st.sampled_from([n for n, q in QUESTIONS.items() if q.expected]), observed))
def test_what_is_written_is_what_is_read(values) -> None:
    facts = {name: fact(name, value) for name, value in values.items()}
    made = profile(facts={**facts, "redirects": QUESTIONS["redirects"].not_tried("no time: 'x' # \n")})
    assert parse(made.text().encode(), "here") == made


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xfe", "no UTF-8 text"),
        (b"a: [", "no YAML"),
        (b"", "one YAML document"),
        (body() + b"---\n" + body(), "one YAML document"),
        (CANARY.encode(), "the document must be object"),
        (body(version=2), "version must be 1"),
        (body(version=None), "has no version"),
        (body(facts=None), "has no facts"),
        (body(cloud="Germany"), "cloud must be"),
        (body(probed="yesterday"), "probed cannot be so"),
        (body(probed="2026-13-45T00:00:00Z"), "no moment in UTC"),
        (body(extra=CANARY), "the document cannot be so"),
        (body(facts={"nil": {"asked": "?", "observed": CANARY, "verdict": "perhaps"}}), "facts.nil.verdict must be"),
        (body(facts={"nil": {"asked": "?", "verdict": "confirmed"}}), "facts.nil has no observed"),
        (body(facts={"nil": {"asked": "?", "observed": [CANARY], "verdict": "confirmed"}}), "facts.nil.observed"),
        (
            body(facts={"linksPerCall": {"asked": "?", "observed": 0, "verdict": "confirmed"}}),
            "facts.linksPerCall.observed cannot be so",
        ),
        (
            body(facts={"readBack.moreMember": {"asked": "?", "observed": f"a {CANARY}", "verdict": "confirmed"}}),
            "facts.readBack.moreMember.observed cannot be so",
        ),
    ],
)
def test_what_is_no_profile_is_refused_whole_and_without_its_values(data: bytes, words: str) -> None:
    with pytest.raises(InputRefused) as caught:
        parse(data, "ConfigMap a-wire, key profile.yaml")
    assert words in str(caught.value)
    assert "ConfigMap a-wire, key profile.yaml" in str(caught.value)
    assert CANARY not in str(caught.value)


def test_facts_of_later_releases_are_read_too() -> None:
    later = Fact("Does it sing?", "seldom", Verdict.DIFFERS)
    assert parse(profile(facts={"sings": later}).text().encode(), "here").facts == {"sings": later}


COMMERCIAL, REGIONAL = "adminwebservice.microsoftonline.com", "bba800-anchor.microsoftonline.com"


@pytest.mark.parametrize(
    ("made_of", "host", "belongs"),
    [
        (COMMERCIAL, None, True),
        (REGIONAL, None, True),
        (COMMERCIAL, REGIONAL, True),
        ("localhost:8443", "localhost:8443", True),
        ("LOCALHOST:8443", "localhost:8443", True),
        ("localhost:8443", None, False),
        ("localhost:8443", "localhost:8444", False),
        (COMMERCIAL, "localhost:8443", False),
        ("microsoftonline.com.example", None, False),
        (f"{COMMERCIAL}@evil.example", None, False),
    ],
)
def test_a_profile_belongs_to_hosts_of_its_cloud_or_to_the_very_host(made_of: str, host: str, belongs: bool) -> None:
    assert (stranger(profile(host=made_of), target(host=host)) == "") is belongs


def test_a_profile_of_another_cloud_is_a_stranger_even_on_the_same_host() -> None:
    told = stranger(profile(), target(Cloud.CHINA, host="localhost:8443"))
    assert told == "this wire profile is one of the cloud Commercial, not of China"


class _Mounted:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, name: str, key: str) -> bytes:
        assert (name, key) == ("a-wire", "profile.yaml")
        return self.data


def test_the_profile_a_document_names_is_read_and_must_belong_to_it() -> None:
    named = target(host="localhost:8443", profile=KeyRef("a-wire", "profile.yaml"))
    assert named_by(named, _Mounted(body())) == profile()
    with pytest.raises(InputRefused, match=r"ConfigMap a-wire, key profile\.yaml: .* made of|is one of other:1"):
        named_by(named, _Mounted(body(host="other:1")))
    assert named_by(target(), _Mounted(b"never read")) is None


FACTS = {
    "readBack.cookieMember": fact("readBack.cookieMember", "Watermark"),
    "readBack.moreMember": fact("readBack.moreMember", "HasMore"),
    "linksPerCall": fact("linksPerCall", 500),
}


def test_what_was_observed_stands_in_for_what_the_document_leaves_unset() -> None:
    found = settled(target(), profile(facts=FACTS)).endpoint
    assert (found.read_back, found.links_per_call) == (ReadBackNames("Watermark", "HasMore"), 500)


def test_what_the_document_sets_counts_more_than_what_was_observed() -> None:
    ours = target(read_back=ReadBackNames("Mine", "Ours"), links_per_call=3)
    assert settled(ours, profile(facts=FACTS)) == ours
    half = settled(target(read_back=ReadBackNames(more="Ours")), profile(facts=FACTS)).endpoint
    assert half.read_back == ReadBackNames("Watermark", "Ours")


def test_what_nobody_tried_or_recognised_settles_nothing() -> None:
    untried = {name: replace(one, verdict=Verdict.NOT_TRIED) for name, one in FACTS.items()}
    for facts in (untried, {}, {name: QUESTIONS[name].answered(None) for name in FACTS}):
        assert settled(target(), profile(facts=facts)) == target()
    assert settled(target(), None) == target()


def test_without_a_profile_only_the_document_can_accept_the_wire() -> None:
    assert not reported(target(), None, NOW).accepted
    taken = reported(target(unverified=True), None, NOW)
    assert (taken.accepted, taken.probed) == (True, "")


def test_a_profile_is_accepted_with_what_differs_told() -> None:
    differing = {**FACTS, "nil": fact("nil", False), "delete.unknown": fact("delete.unknown", "115")}
    found = reported(target(unverified=True), profile(facts=differing), NOW)
    assert (found.accepted, found.probed, found.host) == (True, "2026-11-25T12:00:00Z", "localhost:8443")
    assert found.differing == ["nil", "delete.unknown"]
    assert found.warning == ""


@pytest.mark.parametrize(("age", "warns"), [(OLD, False), (OLD + timedelta(seconds=1), True)])
def test_an_old_profile_asks_for_a_new_one(age: timedelta, warns: bool) -> None:
    found = reported(target(), profile(), NOW + age)
    assert found.accepted
    assert found.warning == ("the wire profile is 180 days old; make it again: syncramp endpoint probe" * warns)


@pytest.mark.parametrize(("seconds", "warns"), [(30, False), (30.5, True)])
def test_a_delay_that_was_longer_than_the_document_waits_is_told(seconds: float, warns: bool) -> None:
    facts = {"visibilityDelay": fact("visibilityDelay", seconds)}
    assert bool(reported(target(), profile(facts=facts), NOW).warning) is warns


def test_every_fact_stands_on_the_page_of_the_wire_and_no_other() -> None:
    told = [name for row in rows(section("docs/wire.md", "## The wire profile")) for name in coded(row[0])]
    assert told == list(QUESTIONS)
