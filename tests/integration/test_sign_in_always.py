"""What holds for every way to sign in: when a token is renewed, what answers of the issuer mean, and no leaks."""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.sign_in import PEM, PFX, SECRET, WAYS, asked, client_of, company, put, refused
from support.walk import Walk, walking
from syncramp.errors import CredentialsRefused, EndpointUnavailable, InputRefused, SyncrampError
from syncramp.simulator.settings import SignIn


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as made:
        yield made


@pytest.mark.parametrize("way", WAYS)
def test_a_token_is_renewed_before_it_expires_and_after_the_service_refused_it(
    walk: Walk, monkeypatch, way: str
) -> None:
    forms = asked(walk, monkeypatch)
    now = [1000.0]
    monkeypatch.setattr("syncramp.endpoint.auth.time", type("Clock", (), {"monotonic": staticmethod(lambda: now[0])}))
    with closing(client_of(walk, WAYS[way])) as client:
        for passed, requests in ((0, 1), (3299, 1), (1, 2), (3299, 2)):
            now[0] += passed
            client.company()
            assert len(forms) == requests
        verify, refusals = walk.simulator.issuer.verify, ["The security token has expired."]
        monkeypatch.setattr(
            walk.simulator.issuer, "verify", lambda token: refusals.pop() if refusals else verify(token)
        )
        client.company()
        assert len(forms) == 3


def test_a_token_with_a_short_life_is_used_for_half_of_it(tmp_path: Path, monkeypatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("syncramp.endpoint.auth.time", type("Clock", (), {"monotonic": staticmethod(lambda: now[0])}))
    with walking(tmp_path, sign_in=SignIn(token_lifetime=100)) as walk:
        forms = asked(walk, monkeypatch)
        with closing(client_of(walk, SECRET)) as client:
            for passed, requests in ((0, 1), (49, 1), (1, 2)):
                now[0] += passed
                client.company()
                assert len(forms) == requests


def test_a_token_that_is_still_good_is_used_while_the_issuer_is_away(walk: Walk, monkeypatch) -> None:
    now, forms = [1000.0], asked(walk, monkeypatch)
    monkeypatch.setattr("syncramp.endpoint.auth.time", type("Clock", (), {"monotonic": staticmethod(lambda: now[0])}))
    with closing(client_of(walk, SECRET)) as client:
        client.company()
        away: list[float] = []
        monkeypatch.setattr(walk.simulator.issuer, "configuration", lambda *_: (away.append(now[0]), (503, {}))[1])
        for passed in (3400, 29, 1, 29, 1, 139):
            now[0] += passed
            assert client.company().syncing
        assert away == [4400.0, 4430.0, 4460.0, 4599.0], "a call does not wait for the issuer each time"
        now[0] += 1
        with pytest.raises(EndpointUnavailable, match="HTTP 503"):
            client.company()
    assert len(forms) == 1


def test_a_token_that_the_service_refused_is_not_used_while_the_issuer_is_away(walk: Walk, monkeypatch) -> None:
    with closing(client_of(walk, SECRET)) as client:
        client.company()
        monkeypatch.setattr(walk.simulator.issuer, "configuration", lambda *_: (503, {}))
        monkeypatch.setattr(walk.simulator.issuer, "verify", lambda token: "The security token has expired.")
        with pytest.raises(EndpointUnavailable, match="HTTP 503"):
            client.company()


@pytest.mark.parametrize(
    ("document", "kind", "words"),
    [
        ((429, {"error": "x"}), EndpointUnavailable, "HTTP 429"),
        (
            (400, {"error": "temporarily_unavailable", "error_description": "AADSTS90033: later"}),
            EndpointUnavailable,
            "no token now",
        ),
        (
            (400, {"error": "invalid_client", "error_description": "AADSTS7000222: The secret has expired."}),
            CredentialsRefused,
            "add a new one",
        ),
        (
            (400, {"error": "invalid_grant", "error_description": "AADSTS53003: Blocked\x1b[2J.\r\nTrace"}),
            CredentialsRefused,
            "Conditional Access",
        ),
        ((400, {"error": "odd", "error_codes": "none"}), CredentialsRefused, "odd; check spec.target.tenantID"),
        ((400, ["a list"]), EndpointUnavailable, "no usable answer"),
        ((200, {"access_token": "t", "expires_in": "soon"}), EndpointUnavailable, "no usable answer"),
    ],
)
def test_what_the_issuer_answers_decides_what_a_person_is_told(
    walk: Walk, monkeypatch, document: tuple[int, Any], kind: type[SyncrampError], words: str
) -> None:
    monkeypatch.setattr(walk.simulator.issuer, "token", lambda *_: document)
    told = refused(walk, SECRET, kind, words)
    assert told.isprintable()


def test_an_issuer_that_names_an_address_without_tls_gets_nothing(walk: Walk, monkeypatch) -> None:
    configuration = walk.simulator.issuer.configuration

    def insecure(tenant: str, base: str) -> Any:
        status, document = configuration(tenant, base)
        return status, document | {"token_endpoint": document["token_endpoint"].replace("https", "http")}

    forms = asked(walk, monkeypatch)
    monkeypatch.setattr(walk.simulator.issuer, "configuration", insecure)
    refused(walk, SECRET, EndpointUnavailable, "no usable answer")
    assert not forms


@pytest.mark.parametrize("way", WAYS)
def test_no_variable_of_the_environment_leads_to_another_issuer(walk: Walk, monkeypatch, way: str) -> None:
    monkeypatch.setenv("MSAL_FORCE_REGION", "westeurope")
    monkeypatch.setenv("REGION_NAME", "westeurope")
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "https://login.example.com")
    assert company(walk, WAYS[way]).syncing


def test_the_old_issuer_of_china_is_taken_from_the_document(walk: Walk, monkeypatch) -> None:
    asked_for: list[str] = []

    def get(self: Any, url: str, **_: Any) -> Any:
        asked_for.append(url)
        raise EndpointUnavailable("it is not asked here", where="here", remedy="nothing")

    monkeypatch.setattr("syncramp.endpoint.issuer.IssuerClient.get", get)
    walk.spec["target"]["cloud"] = "China"
    with pytest.raises(EndpointUnavailable):
        company(walk, SECRET, authority="https://login.chinacloudapi.cn")
    (url,) = asked_for
    assert url.startswith("https://login.chinacloudapi.cn/57cf9f28")


# --- secrets --------------------------------------------------------------------------------------------------------

CANARY = "canary0123456789"


def _echo(form: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """A proxy that repeats what it was sent."""
    sent = [form.get(name, "") for name in ("client_secret", "client_assertion", "password")]
    return 400, {"error": "invalid_client", "error_description": f"AADSTS1: you sent {' '.join(sent)}"}


def _secrets(walk: Walk) -> list[str]:
    """Whatever must never be told: the secrets that are texts, and lines of keys."""
    found = []
    for path in sorted((walk.folder / "secrets").glob("*/*")):
        if path.name in ("tls.key", "password", "clientSecret", "token"):
            text = path.read_text()
            found += [line for line in text.splitlines() if "-----" not in line]
    return [*found, CANARY]


BREAKS: dict[str, Callable[[Any], Any]] = {
    "echo": lambda issuer: lambda tenant, form, endpoint: _echo(form),
    "broken": lambda issuer: lambda *_: (500, {}),
    "no document": lambda issuer: lambda *_: (200, "text"),
    "nothing": lambda issuer: lambda *_: (400, {}),
    "a token that is none": lambda issuer: lambda *_: (200, {"access_token": CANARY, "expires_in": 3600}),
    "nothing wrong": lambda issuer: issuer.token,
}


@pytest.mark.parametrize("broken", BREAKS)
@pytest.mark.parametrize("way", WAYS)
def test_no_secret_is_told_whatever_goes_wrong(
    walk: Walk, monkeypatch, caplog: pytest.LogCaptureFixture, capfd, way: str, broken: str
) -> None:
    monkeypatch.setattr(walk.simulator.issuer, "token", BREAKS[broken](walk.simulator.issuer))
    forms = asked(walk, monkeypatch)
    told = [f"{way} {broken}"]
    with caplog.at_level(logging.DEBUG), closing(client_of(walk, WAYS[way])) as client:
        try:
            client.company()
        except SyncrampError as error:
            told += [str(error), repr(error), *traceback.format_exception(error)]
        told += [repr(client), repr(vars(client)), repr(vars(client._channel))]
    told += [record.getMessage() for record in caplog.records] + list(capfd.readouterr())
    assert any(record.name.startswith("urllib3") for record in caplog.records)
    assertions = [form["client_assertion"][:80] for form in forms if "client_assertion" in form]
    for secret in filter(None, (*_secrets(walk), *assertions, client._channel._tokens._token)):
        assert secret not in "\n".join(told)


@pytest.mark.parametrize(
    ("name", "way", "words"),
    [
        ("entra-sync/tls.key", PEM, "tls.key holds no PEM key"),
        ("entra-sync/tls.crt", PEM, "tls.crt holds no PEM certificate"),
        ("entra-sync/keystore.p12", PFX, "no PKCS #12 store"),
        ("entra-sync/password", PFX, "does not open it"),
    ],
)
def test_a_key_that_is_none_is_told_by_its_name_alone(
    walk: Walk, caplog: pytest.LogCaptureFixture, name: str, way: dict[str, Any], words: str
) -> None:
    put(walk, name, CANARY)
    with caplog.at_level(logging.DEBUG), pytest.raises(InputRefused, match=f"Secret entra-sync: .*{words}") as caught:
        company(walk, way)
    assert CANARY not in "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caplog.text
