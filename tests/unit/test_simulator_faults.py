"""Fault scripts and the latency model: which calls go wrong, what is answered then, and what time it takes."""

from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.simulator import HandClock, group, put
from syncramp.endpoint import contract, soap
from syncramp.errors import InputRefused
from syncramp.model.wire import SyncObject
from syncramp.simulator.behaviour import Behaviour
from syncramp.simulator.fault_file import read_script
from syncramp.simulator.faults import ALWAYS_PROCESSED, Answer, Calls, Ending, Kind, Rule, Script
from syncramp.simulator.latency import Clock, Latency, parse_latency
from syncramp.simulator.server import Simulator, make_simulator
from syncramp.simulator.settings import TenantSettings

TO = "https://127.0.0.1/provisioningservice.svc"


def simulator(
    *rules: Rule, seed: int = 0, behaviour: Behaviour | None = None, clock: Clock | None = None
) -> Simulator:
    return make_simulator(
        TenantSettings(visibility_delay=30.0, writes_per_five_minutes=5),
        clock=clock or Clock(HandClock()),
        behaviour=behaviour or Behaviour(),
        faults=Script(rules, seed),
    )


def send(made: Simulator, operation: str, body: bytes) -> Answer:
    token = soap.SyncToken(made.issuer.access_token(), "2.6.92.0", uuid4())
    return made.service.answer(soap.request(operation, body, token, TO))


def export(made: Simulator, *objects: SyncObject) -> Answer:
    return send(made, contract.PROVISION, contract.provision(objects or (put("A"),)))


def ask(made: Simulator) -> Answer:
    return send(made, contract.GET_COMPANY, contract.get_company_configuration())


def fault_of(answer: Answer) -> contract.Fault:
    fault = contract.read_fault(soap.open_envelope(answer.body).body)
    assert fault is not None
    return fault


def acting(script: Script, operations: Sequence[str]) -> list[int]:
    """Numbers of the calls that go wrong, from 1."""
    return [number for number, operation in enumerate(operations, 1) if script.next(operation)]


def test_a_rule_counts_the_calls_of_its_own_operation() -> None:
    script = Script((Rule(Kind.RESET, "b", Calls.at(2)),))
    assert acting(script, ["b", "a", "a", "b", "b"]) == [4]


def test_a_rule_without_an_operation_counts_all() -> None:
    assert acting(Script((Rule(Kind.RESET, calls=Calls.at(3)),)), ["b", "a", "a", "b"]) == [3]


def test_numbers_ranges_and_every_so_many() -> None:
    for calls, expected in (
        (Calls(2, 3), [2, 3]),
        (Calls(4), [4, 5, 6, 7]),
        (Calls(every=3), [3, 6]),
        (Calls(), [1, 2, 3, 4, 5, 6, 7]),
    ):
        assert acting(Script((Rule(Kind.BUSY, calls=calls),)), "abcdefg") == expected


def test_the_first_rule_that_acts_decides_and_the_others_go_on_counting() -> None:
    script = Script((Rule(Kind.BUSY, calls=Calls.at(1)), Rule(Kind.RESET, calls=Calls(1, 2))))
    kinds = [rule.kind if (rule := script.next("a")) else None for _ in range(3)]
    assert kinds == [Kind.BUSY, Kind.RESET, None]


def test_a_rule_with_a_time_counts_and_acts_in_it_only() -> None:
    script = Script((Rule(Kind.RESET, calls=Calls.at(2), after=10.0, until=20.0),))
    ages = (9.9, 9.9, 10.0, 15.0, 19.9, 20.0)
    assert [age for age in ages if script.next("a", age)] == [15.0]


def test_the_time_of_a_rule_passes_on_the_clock_of_the_simulator() -> None:
    clock = Clock(HandClock(), virtual=True)
    made = simulator(Rule(Kind.BUSY, after=3600.0, until=7200.0), clock=clock)
    statuses = []
    for _ in range(3):
        statuses.append(ask(made).status)
        clock.spend(3600.0)
    assert statuses == [200, 500, 200]


def test_a_slow_service_takes_a_multiple_of_its_latency() -> None:
    clock = Clock(HandClock(), virtual=True)
    slow = Rule(Kind.SLOW, contract.PROVISION, factor=8.0, seconds=1.0)
    made = simulator(slow, behaviour=Behaviour(latency=Latency(0.5, 0.25)), clock=clock)
    before = clock()
    export(made, put("A"), put("B"))
    assert clock() - before == pytest.approx(8 * (0.5 + 2 * 0.25) + 1.0)


def test_chance_is_the_same_in_every_run_and_another_with_another_seed() -> None:
    rules = (Rule(Kind.BUSY, rate=0.25),)
    first, again, other = (acting(Script(rules, seed), "a" * 2000) for seed in (1, 1, 2))
    assert first == again != other
    assert 400 < len(first) < 600


@given(st.integers(0, 9), st.lists(st.sampled_from("ab"), max_size=40))
def test_calls_of_other_operations_do_not_change_what_chance_does(seed: int, calls: list[str]) -> None:
    script, alone = (Script((Rule(Kind.BUSY, "a", rate=0.5),), seed) for _ in range(2))
    mixed = [(call, bool(script.next(call))) for call in calls]
    assert mixed == [(call, call == "a" and bool(alone.next("a"))) for call in calls]


@pytest.mark.parametrize("kind", Kind)
def test_a_call_that_goes_wrong_is_processed_when_the_rule_says_so_and_only_then(kind: Kind) -> None:
    made = simulator(Rule(kind, contract.PROVISION, Calls.at(1)))
    answer = export(made)
    assert made.tenant.count() == (kind in ALWAYS_PROCESSED)
    assert answer.operation == (contract.PROVISION if kind in ALWAYS_PROCESSED else "")
    assert export(made).status == 200 and made.tenant.count() == 1

    made = simulator(Rule(kind, contract.PROVISION, Calls.at(1), processed=True))
    assert export(made).operation == contract.PROVISION
    assert made.tenant.count() == 1


def test_faults_have_their_code_and_text_and_status() -> None:
    made = simulator(
        Rule(Kind.BUSY, calls=Calls.at(1)),
        Rule(Kind.BUSY, calls=Calls.at(2), status=200),
        Rule(Kind.FAULT, calls=Calls.at(3), code="90", text="Not now."),
        Rule(Kind.EXPIRED_TOKEN, calls=Calls.at(4)),
    )
    answers = [ask(made) for _ in range(4)]
    assert [answer.status for answer in answers] == [500, 200, 500, 500]
    assert [fault_of(answer).code for answer in answers] == ["81", "81", "90", ""]
    assert fault_of(answers[2]).text == "Not now."
    assert "expired" in fault_of(answers[3]).text


def test_unavailable_and_the_page_of_a_proxy_are_http_and_no_message() -> None:
    made = simulator(
        Rule(Kind.UNAVAILABLE, calls=Calls.at(1), retry_after=7),
        Rule(Kind.PROXY, calls=Calls.at(2), status=407),
        Rule(Kind.PROXY, calls=Calls.at(3)),
    )
    busy, page, quiet = ask(made), ask(made), ask(made)
    assert (busy.status, busy.headers, busy.content_type) == (503, (("Retry-After", "7"),), "text/plain")
    assert (page.status, page.content_type, quiet.status) == (407, "text/html", 200)
    assert page.body.startswith(b"<html>")


def test_a_client_may_be_told_to_come_back_at_once() -> None:
    assert ask(simulator(Rule(Kind.UNAVAILABLE, retry_after=0))).headers == (("Retry-After", "0"),)
    assert ask(simulator(Rule(Kind.UNAVAILABLE))).headers == ()


def test_a_redirect_leads_where_the_rule_says_or_back_to_the_same_host() -> None:
    made = simulator(Rule(Kind.REDIRECT, calls=Calls.at(1)), Rule(Kind.REDIRECT, to="https://elsewhere.example/x"))
    assert fault_of(ask(made)).redirect == TO
    assert fault_of(ask(made)).redirect == "https://elsewhere.example/x"


def test_a_truncated_answer_is_half_of_the_good_one() -> None:
    made = simulator(Rule(Kind.TRUNCATED, calls=Calls.at(1)))
    half, whole = ask(made), ask(made)
    assert half.body == whole.body[: len(half.body)] or len(half.body) == len(whole.body) // 2
    assert half.status == 200 and half.ending is Ending.WHOLE


@pytest.mark.parametrize(
    ("kind", "ending"),
    [
        (Kind.RESET, Ending.RESET),
        (Kind.CUT, Ending.CUT),
        (Kind.HALF_CLOSED, Ending.HALF_CLOSED),
        (Kind.STALL, Ending.CLOSED),
        (Kind.SLOW, Ending.WHOLE),
    ],
)
def test_what_bytes_cannot_say_is_an_ending(kind: Kind, ending: Ending) -> None:
    assert ask(simulator(Rule(kind, seconds=3.0 if kind in (Kind.SLOW, Kind.STALL) else 0.0))).ending is ending


def test_a_slow_call_and_a_stalled_one_take_their_seconds() -> None:
    made = simulator(Rule(Kind.SLOW, calls=Calls.at(1), seconds=2.5), Rule(Kind.STALL, seconds=4.0))
    assert [ask(made).seconds for _ in range(2)] == [2.5, 4.0]


def test_hosts_that_only_send_a_client_on_have_no_faults() -> None:
    made = simulator(Rule(Kind.BUSY))
    token = soap.SyncToken(made.issuer.access_token(), "2.6.92.0", uuid4())
    request = soap.request(contract.GET_COMPANY, contract.get_company_configuration(), token, TO)
    assert fault_of(made.service.answer(request, "https://next.example/")).redirect == "https://next.example/"
    assert fault_of(made.service.answer(request)).code == "81"


def test_latency_is_counted_by_call_object_and_link() -> None:
    time = HandClock()
    made = simulator(behaviour=Behaviour(latency=Latency(1.0, 0.5, 0.25)), clock=Clock(time))
    assert ask(made).seconds == 1.0
    assert export(made, put("A"), put("B")).seconds == 2.0
    time.now += 31
    answer = export(made, group("G", ["A", "B"]))
    assert answer.seconds == 1.0 + 0.5 + 2 * 0.25
    back = send(made, contract.READ_BACK, contract.read_back(None))
    assert back.seconds == 1.0 + 4 * 0.5 + 2 * 0.25, "the administrator, two people and a group"


def test_a_slow_call_has_its_latency_too() -> None:
    made = simulator(Rule(Kind.SLOW, seconds=2.0), behaviour=Behaviour(latency=Latency(1.0)))
    assert ask(made).seconds == 3.0
    assert made.tenant.journal.latest(1)[0].seconds >= 3.0


def test_the_latency_of_v1_does_not_touch_v2() -> None:
    assert ask(simulator(behaviour=Behaviour(latency_v1=Latency(9.0)))).seconds == 0.0


def test_on_a_virtual_clock_nobody_waits_and_visibility_and_throttle_follow() -> None:
    clock = Clock(lambda: 1_790_000_000.0, virtual=True)
    made = simulator(
        Rule(Kind.SLOW, contract.GET_COMPANY, seconds=280.0), behaviour=Behaviour(latency=Latency(31.0)), clock=clock
    )
    assert export(made, put("A"), put("B"), put("C"), put("D")).seconds == 0.0
    assert clock.skipped == 31.0
    answer = export(made, group("G", ["A"]))
    assert made.tenant.members("G") == {"A"}, "A is old enough by now"
    assert answer.seconds == 0.0
    assert fault_of(export(made, put("E"))).code == "81", "five objects were written"
    ask(made)
    assert clock.skipped == 31.0 + 31.0 + 31.0 + 280.0
    assert export(made, put("E")).status == 200


def test_on_a_real_clock_the_clock_is_left_alone() -> None:
    clock = Clock(lambda: 5.0)
    assert clock.spend(2.0) == 2.0
    assert clock() == 5.0


@pytest.mark.parametrize(
    ("text", "latency"),
    [("", Latency()), ("0.5", Latency(0.5)), ("0.5,0.25", Latency(0.5, 0.25)), ("1,2,3", Latency(1.0, 2.0, 3.0))],
)
def test_a_latency_is_read_from_a_flag(text: str, latency: Latency) -> None:
    assert parse_latency(text, "--latency") == latency


@pytest.mark.parametrize("text", ["a", "1,2,3,4", "-1", "1;2", "nan", "inf", "1,"])
def test_a_latency_that_is_none_is_told_with_its_flag(text: str) -> None:
    with pytest.raises(InputRefused, match=r"^--latency: .* are no seconds for a call, an object and a link"):
        parse_latency(text, "--latency")


def script_of(folder: Path, text: str) -> Script:
    (folder / "faults.yaml").write_text(text)
    return read_script(folder / "faults.yaml")


def test_a_script_is_read_from_a_file(tmp_path: Path) -> None:
    script = script_of(
        tmp_path,
        """
        seed: 7
        faults:
        - {do: reset, operation: Provision2, calls: 3, processed: true}
        - {do: slow, seconds: 2, rate: 0.1}
        - {do: slow, factor: 8, after: 36h, until: 37h30m}
        - {do: unavailable, calls: 2-5, retryAfter: 4}
        - {do: fault, calls: every 3, code: 90, text: Not now., status: 200}
        - {do: redirect, calls: 4-, to: "https://elsewhere.example/"}
        """,
    )
    assert script == Script(
        (
            Rule(Kind.RESET, "ProvisionAzureADSyncObjects2", Calls(3, 3), processed=True),
            Rule(Kind.SLOW, rate=0.1, seconds=2.0),
            Rule(Kind.SLOW, factor=8.0, after=129_600.0, until=135_000.0),
            Rule(Kind.UNAVAILABLE, calls=Calls(2, 5), retry_after=4),
            Rule(Kind.FAULT, calls=Calls(every=3), code="90", text="Not now.", status=200),
            Rule(Kind.REDIRECT, calls=Calls(4), to="https://elsewhere.example/"),
        ),
        7,
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", r"faults.yaml: a fault script holds `faults`"),
        ("- 1", r"faults.yaml: a fault script holds `faults`"),
        ("faults: [\n", r"faults.yaml:2: no YAML"),
        ("faults: \x07", r"faults.yaml: no YAML"),
        ("faults: {}", r"faults.yaml: faults: a list of rules is needed"),
        ("faults: []\nseed: x", r"faults.yaml: seed: 'x' is no whole number"),
        ("faults: []\nfault: []", r"faults.yaml: a fault script holds `faults`"),
        ("faults: [1]", r"faults.yaml: faults\[0\].do: a rule needs one of the actions; write one of slow, "),
        ("faults: [{do: explode}]", r"faults\[0\].do: a rule needs one of the actions"),
        ("faults: [{do: [1]}]", r"faults\[0\].do: a rule needs one of the actions"),
        ("faults: [{do: busy}, {do: slow}]", r"faults\[1\]: a rule that does slow needs seconds or factor"),
        (
            "faults: [{do: busy, seconds: 1}]",
            r"faults\[0\].seconds: a rule that does busy does not know it; it knows ",
        ),
        ("faults: [{do: busy, 1: 1}]", r"faults\[0\].1: a rule that does busy does not know it"),
        ("faults: [{do: busy, operation: Provision3}]", r"faults\[0\].operation: 'Provision3' is no operation"),
        ("faults: [{do: busy, operation: [1]}]", r"faults\[0\].operation: \[1\] is no operation"),
        ("faults: [{do: busy, calls: 0}]", r"faults\[0\].calls: 0 are no numbers of calls; write 3, 2-5"),
        ("faults: [{do: busy, calls: 5-2}]", r"faults\[0\].calls: '5-2' are no numbers"),
        ("faults: [{do: busy, calls: every 0}]", r"faults\[0\].calls: 'every 0' are no numbers"),
        ("faults: [{do: busy, calls: true}]", r"faults\[0\].calls: True are no numbers"),
        ("faults: [{do: busy, rate: 2}]", r"faults\[0\].rate: 2 is no number from 0 to 1"),
        ("faults: [{do: busy, rate: yes}]", r"faults\[0\].rate: True is no number from 0 to 1"),
        ("faults: [{do: busy, status: 99}]", r"faults\[0\].status: 99 is no whole number from 200 to 599"),
        ("faults: [{do: slow, seconds: .nan}]", r"faults\[0\].seconds: nan is no number"),
        ("faults: [{do: slow, factor: 0.5}]", r"faults\[0\].factor: 0.5 is no number from 1 to 1000"),
        ("faults: [{do: busy, after: 3d}]", r"faults\[0\].after: '3d' is no time since the start; write it as 36h"),
        ("faults: [{do: busy, after: 2h, until: 1h}]", r"faults\[0\].until: the rule would end before it begins"),
        ("faults: [{do: reset, processed: 1}]", r"faults\[0\].processed: 1 is neither true nor false"),
    ],
)
def test_what_is_wrong_with_a_script_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputRefused, match=told):
        script_of(tmp_path, text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match=r"none.yaml: .*; name another file with --faults"):
        read_script(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"faults: \xff")
    with pytest.raises(InputRefused, match="latin.yaml"):
        read_script(tmp_path / "latin.yaml")
