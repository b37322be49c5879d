"""Numbers of other systems, asked over real connections: what they say, and what can go wrong on the way."""

import json
import logging
import socket
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from support.documents import minimal
from support.outside import Outside, Said, outside
from support.service import Secrets
from syncramp.external.asking import LARGEST, Address
from syncramp.external.metrics import metrics_of
from syncramp.external.prometheus import PrometheusMetric
from syncramp.external.webhook import WebhookMetric
from syncramp.model.measures import Asked, Told
from syncramp.session.opening import job
from syncramp.spec.ramps import BUILT_IN_STEPS, Gate, Metric, Prometheus, RampPolicy, Webhook
from syncramp.spec.references import KeyRef

ABOUT = Asked("corp/main", "big", 2, 75_000, 250_000, 12)
TOKEN, CA = KeyRef("prometheus", "token"), KeyRef("ca", "ca.crt")
SECRET = "a-made-up-token"
QUERY = 'sum(rate(errors{job="x"}[5m])) > 0 & 1'


def address(service: Outside, path: str = "", **changes: object) -> Address:
    secrets = Secrets({("ca", "ca.crt"): service.ca, ("prometheus", "token"): SECRET.encode() + b"\n"})
    return replace(Address(service.url + path, secrets, ca=CA), **changes)


def vector(*values: object) -> bytes:
    result = [{"metric": {"pod": str(number)}, "value": [1.5, value]} for number, value in enumerate(values)]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()


def scalar(value: object) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": "scalar", "result": [1.5, value]}}).encode()


def prometheus(*said: Said, path: str = "", **changes: object) -> tuple[Told, Outside]:
    with outside(*said) as service:
        return PrometheusMetric(address(service, path, **changes), QUERY).ask(ABOUT), service


def webhook(*said: Said, path: str = "/gate?key=1", **changes: object) -> tuple[Told, Outside]:
    with outside(*said) as service:
        return WebhookMetric(address(service, path, **changes)).ask(ABOUT), service


@pytest.mark.parametrize(
    ("body", "value"), [(vector("3.25"), 3.25), (scalar("-7"), -7.0), (scalar("1e3"), 1000.0), (vector("0"), 0.0)]
)
def test_prometheus_gives_a_scalar_or_a_vector_of_one(body: bytes, value: float) -> None:
    assert prometheus(Said(body=body))[0] == Told(value)


@pytest.mark.parametrize("path", ["", "/", "/prom", "/prom/", "/api/v1/query"])
def test_prometheus_is_asked_at_its_api_whatever_stands_before_it(path: str) -> None:
    _, service = prometheus(Said(body=scalar("1")), path=path)
    (heard,) = service.heard
    before = "/prom" if "prom" in path else ""
    assert (heard.method, heard.path) == ("POST", f"{before}/api/v1/query")
    assert parse_qs(heard.body.decode()) == {"query": [QUERY]}


@pytest.mark.parametrize("status", [405, 501])
def test_where_nothing_can_be_posted_the_query_is_got(status: int) -> None:
    told, service = prometheus(Said(status), Said(body=scalar("4")), path="/prom?tenant=a")
    assert told == Told(4.0)
    got = urlsplit(service.heard[1].path)
    assert (service.heard[1].method, got.path) == ("GET", "/prom/api/v1/query")
    assert parse_qs(got.query) == {"query": [QUERY], "tenant": ["a"]}


@pytest.mark.parametrize("body", [vector(), scalar("NaN"), vector("+Inf"), vector("-Inf")])
def test_a_query_without_a_number_is_not_known_yet(body: bytes) -> None:
    told, _ = prometheus(Said(body=body))
    assert (told.value, told.failed) == (None, False)
    assert told.why.startswith("the query ")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Said(body=vector("1", "2", "3")), "3 series"),
        (Said(body=b'{"status": "success", "data": {"resultType": "matrix", "result": []}}'), "no number"),
        (
            Said(body=b'{"status": "success", "data": {"resultType": "vector", "result": [{"value": "x"}]}}'),
            "no form",
        ),
        (Said(body=scalar("many")), "no form"),
        (Said(body=scalar(True)), "no form"),
        (Said(400, b'{"status": "error", "errorType": "bad_data", "error": "hush"}'), "(HTTP 400, bad_data)"),
        (Said(503, b'{"status": "error", "errorType": "hush"}'), "(HTTP 503)"),
        (Said(200, b"<html>hush</html>"), "gave no result"),
        (Said(200, b"[" * 60_000), "gave no result"),
        (Said(401), "does not let us ask (HTTP 401)"),
        (Said(403, b"hush"), "does not let us ask (HTTP 403)"),
    ],
)
def test_an_answer_of_prometheus_that_is_none_is_an_error_in_our_words(said: Said, why: str) -> None:
    told, _ = prometheus(said)
    assert (told.value, told.failed) == (None, True)
    assert why in told.why and "hush" not in told.why


def test_a_webhook_is_told_of_the_ramp_and_answers_with_a_number() -> None:
    told, service = webhook(Said(body=b'{"value": 2.5, "note": "fine"}'))
    assert told == Told(2.5)
    (heard,) = service.heard
    assert (heard.method, heard.path) == ("POST", "/gate?key=1")
    assert heard.headers["content-type"] == "application/json"
    assert json.loads(heard.body) == {
        "document": "corp/main",
        "ramp": "big",
        "step": 2,
        "ceiling": 75_000,
        "target": 250_000,
        "groups": 12,
    }


def test_a_webhook_that_does_not_know_yet_says_so_with_204() -> None:
    told, _ = webhook(Said(204))
    assert (told.value, told.failed, told.why) == (None, False, "127.0.0.1 does not know it yet")


@pytest.mark.parametrize(
    "said",
    [
        Said(500, b'{"value": 1}'),
        Said(201, b'{"value": 1}'),
        Said(404),
        Said(body=b""),
        Said(body=b'{"value": "1"}'),
        Said(body=b'{"value": true}'),
        Said(body=b'{"value": null}'),
        Said(body=b'{"value": NaN}'),
        Said(body=b'{"value": 1' + b"0" * 400 + b"}"),
        Said(body=b'[{"value": 1}]'),
    ],
)
def test_any_other_answer_of_a_webhook_is_an_error(said: Said) -> None:
    told, _ = webhook(said)
    assert (told.value, told.failed) == (None, True)


# --- on the way ----------------------------------------------------------------------------------------------------


def test_a_token_goes_as_a_bearer_token_and_is_read_for_each_question() -> None:
    with outside(Said(204), Said(204)) as service:
        asked = address(service, token=TOKEN)
        metric = WebhookMetric(asked)
        metric.ask(ABOUT)
        asked.secrets.values["prometheus", "token"] = b"another"
        metric.ask(ABOUT)
    assert [heard.headers["authorization"] for heard in service.heard] == [f"Bearer {SECRET}", "Bearer another"]


def test_without_a_token_nothing_is_sent_in_its_place() -> None:
    assert "authorization" not in webhook(Said(204))[1].heard[0].headers


@pytest.mark.parametrize("token", [b"two words", "pässword".encode(), b"line\nfeed", b"", b"\xff"])
def test_what_is_no_token_is_not_sent_and_not_told(token: bytes) -> None:
    with outside(Said(204)) as service:
        asked = address(service, token=TOKEN)
        asked.secrets.values["prometheus", "token"] = token
        told = WebhookMetric(asked).ask(ABOUT)
        assert service.heard == []
    assert told.failed and "prometheus" in told.why
    assert not token or token.decode("latin-1") not in told.why


def test_a_token_goes_over_tls_alone() -> None:
    with outside(Said(204), tls=False) as service:
        told = WebhookMetric(address(service, token=TOKEN)).ask(ABOUT)
        assert service.heard == []
        assert told.failed and "https alone" in told.why
        assert not WebhookMetric(address(service)).ask(ABOUT).failed


def test_a_server_that_nobody_vouches_for_is_not_asked() -> None:
    told, service = webhook(Said(204), ca=None)
    assert told == Told(None, "the certificate of 127.0.0.1 could not be verified", failed=True)
    assert service.heard == []


def test_a_ca_that_is_none_is_told_with_its_place() -> None:
    with outside(Said(204)) as service:
        asked = address(service)
        asked.secrets.values["ca", "ca.crt"] = b"hush"
        told = WebhookMetric(asked).ask(ABOUT)
    assert told.failed and "no PEM certificate" in told.why and "hush" not in told.why


def test_a_missing_secret_is_told_with_its_name() -> None:
    told, _ = webhook(Said(204), token=KeyRef("absent", "token"))
    assert told.failed and "absent" in told.why


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_nobody_is_followed_elsewhere(status: int) -> None:
    with outside(Said(204)) as other:
        told, _ = webhook(Said(status, headers={"Location": f"{other.url}/hush"}), token=TOKEN)
        assert other.heard == []
    assert told.failed and f"HTTP {status}" in told.why and "hush" not in told.why


def test_an_answer_that_is_too_large_is_not_read_to_its_end() -> None:
    told, _ = webhook(Said(body=b'{"value": 1' + b" " * LARGEST + b"}"))
    assert told.failed and "65,536 bytes" in told.why
    body = b'{"value": 1}'
    assert webhook(Said(body=body + b" " * (LARGEST - len(body))))[0] == Told(1.0)


def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    told, _ = webhook(Said(body=b'{"value": 1}', pause=0.6), longest=0.2)
    assert told == Told(None, "127.0.0.1 did not answer within 0.2s", failed=True)


def test_an_answer_that_comes_drop_by_drop_is_not_waited_for_either() -> None:
    told, _ = webhook(Said(body=b'{"value": 1}' + b" " * 40, pause=0.1), longest=0.35)
    assert told == Told(None, "127.0.0.1 did not answer within 0.35s", failed=True)


def test_a_connection_that_breaks_is_told() -> None:
    told, _ = webhook(Said(body=b'{"value": 1}', cut=True))
    assert told == Told(None, "the connection to 127.0.0.1 broke before its answer came", failed=True)


def test_a_port_where_nobody_listens_is_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{free.getsockname()[1]}"
        told = WebhookMetric(Address(url, Secrets({}))).ask(ABOUT)
    assert told == Told(None, "no connection to 127.0.0.1", failed=True)


@pytest.mark.parametrize(
    "url", ["", "ftp://127.0.0.1/x", "https://", "https://[::", "https://a b/", "https://x:99999"]
)
def test_a_url_that_cannot_be_asked_is_told(url: str) -> None:
    for metric in (WebhookMetric(Address(url, Secrets({}))), PrometheusMetric(Address(url, Secrets({})), "up")):
        assert metric.ask(ABOUT).failed


def test_a_password_in_a_url_is_never_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "syncramp")
    told = WebhookMetric(Address("https://ann:hush@127.0.0.1:1/?key=hush", Secrets({}))).ask(ABOUT)
    assert told.failed and "hush" not in told.why + caplog.text


@given(st.binary(max_size=300))
def test_no_answer_of_anybody_is_a_fault_of_ours(body: bytes) -> None:
    from syncramp.external.answers import json_of, member, number_of

    number_of(member(json_of(body), "value"))


def test_every_external_gate_of_a_document_has_its_metric() -> None:
    gates = (
        Gate(Metric.THROTTLE, None, None),
        Gate(Metric.EXTERNAL, None, None, "a", Prometheus("https://p", "up")),
        Gate(Metric.EXTERNAL, None, None, "b", Webhook("https://w")),
    )
    made = metrics_of([RampPolicy("big", BUILT_IN_STEPS, gates)], Secrets({}))
    assert {key: type(metric) for key, metric in made.items()} == {
        ("big", "a"): PrometheusMetric,
        ("big", "b"): WebhookMetric,
    }


def test_a_run_is_given_the_numbers_that_its_document_names(tmp_path: Path) -> None:
    with outside(Said(body=scalar("7"))) as service:
        gate = {
            "metric": "External",
            "name": "load",
            "hold": {"maxValue": "9"},
            "prometheus": {
                "url": service.url,
                "query": QUERY,
                "token": {"secretKeyRef": {"name": "prometheus"}},
                "ca": {"configMapKeyRef": {"name": "ca"}},
            },
        }
        ramp = {"name": "big", "steps": [{"ceiling": 75_000}], "gates": [gate]}
        source = {"name": "labs", "ldif": {"path": "labs.ldif"}, "scope": [{"dn": "DC=labs"}]}
        said = {"spec.sources": [source], "spec.groups.ramps": [ramp], "spec.target.endpoint.unverified": True}
        document = tmp_path / "document.yaml"
        document.write_text(yaml.safe_dump(minimal(said)), encoding="utf-8")
        for name, key, content in (("prometheus", "token", SECRET.encode()), ("ca", "ca.crt", service.ca)):
            (tmp_path / "secrets" / name).mkdir(parents=True)
            (tmp_path / "secrets" / name / key).write_bytes(content)
        with job(str(document), None, None, lambda event: None, sends=False) as made:
            assert made.outside.keys() == {("big", "load")}
            assert made.outside["big", "load"].ask(ABOUT) == Told(7.0)
    assert service.heard[0].headers["authorization"] == f"Bearer {SECRET}"


def test_a_proxy_of_the_environment_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "hush://proxy")
    told = WebhookMetric(Address("https://gate.example/", Secrets({}))).ask(ABOUT)
    assert told == Told(None, "its URL, or that of a proxy, cannot be asked", failed=True)
