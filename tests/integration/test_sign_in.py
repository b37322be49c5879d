"""Every way to sign in, by msal over real TLS against the simulator's issuer: what works, what each refusal says."""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.build import CLIENT
from support.walk import Walk, walking
from syncramp.check import load
from syncramp.endpoint.client import V2Endpoint
from syncramp.endpoint.federation import MOUNTED, VARIABLE
from syncramp.errors import CredentialsRefused, EndpointUnavailable, InputRefused, SyncrampError
from syncramp.model.wire import Company
from syncramp.simulator.settings import SignIn
from syncramp.spec.secrets import FileSecrets

TOKEN = "secrets/entra-sync-token/token"
PEM = {"certificate": {"clientID": CLIENT, "secretRef": {"name": "entra-sync"}}}
PFX = {"certificate": {**PEM["certificate"], "format": "PKCS12"}}
SECRET = {"clientSecret": {"clientID": CLIENT, "secretKeyRef": {"name": "entra-sync-secret"}}}
WORKLOAD = {"workloadIdentity": {"clientID": CLIENT, "tokenFile": TOKEN}}
ACCOUNT = {"account": {"secretRef": {"name": "entra-sync-account"}}}
WAYS = {"PEM": PEM, "PFX": PFX, "secret": SECRET, "workload": WORKLOAD, "account": ACCOUNT}


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as made:
        yield made


def client_of(walk: Walk, auth: dict[str, Any], **endpoint: str) -> V2Endpoint:
    walk.spec["target"]["auth"] = auth
    walk.spec["target"]["endpoint"] |= endpoint
    walk.write()
    config = load(str(walk.document))
    return V2Endpoint(config.target, FileSecrets(walk.folder / "secrets"), busy_first=0.001)


def company(walk: Walk, auth: dict[str, Any], **endpoint: str) -> Company:
    with closing(client_of(walk, auth, **endpoint)) as client:
        return client.company()


def refused(walk: Walk, auth: dict[str, Any], kind: type[SyncrampError], *words: str) -> str:
    """What a person is told when they cannot sign in."""
    with pytest.raises(kind) as caught:
        company(walk, auth)
    for word in words:
        assert word in str(caught.value), str(caught.value)
    assert caught.value.remedy and caught.value.where
    return str(caught.value)


def put(walk: Walk, name: str, content: bytes | str | None) -> None:
    path = walk.folder / "secrets" / name
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def asked(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The forms of all token requests from now on."""
    forms: list[dict[str, str]] = []
    issuer = walk.simulator.issuer
    original = issuer.token

    def token(tenant: str, form: dict[str, str], endpoint: str) -> Any:
        forms.append(form)
        return original(tenant, form, endpoint)

    monkeypatch.setattr(issuer, "token", token)
    return forms


@pytest.mark.parametrize("way", WAYS)
def test_a_whole_sync_with_every_way_to_sign_in(walk: Walk, way: str) -> None:
    walk.spec["target"]["auth"] = WAYS[way]
    done = walk.here()
    assert done.code == 0, done
    walk.assert_cloud_matches()
    certificate = "Certificate valid until " in done.out
    assert certificate == ("certificate" in WAYS[way])
    assert ("Certificate valid until " in walk.again("status").out) == certificate


def test_a_sync_and_its_status_in_processes_of_their_own(walk: Walk) -> None:
    walk.spec["target"]["auth"] = ACCOUNT
    assert walk.sync().code == 0
    walk.spec["target"]["auth"] = PFX
    assert walk.sync().code == 0
    assert walk.status("-o", "json").json["certificate_valid_until"].endswith("Z")


# --- certificates ---------------------------------------------------------------------------------------------------


def test_a_certificate_is_named_by_its_sha_256_thumbprint_and_signs_by_ps256(walk: Walk, monkeypatch) -> None:
    import jwt

    forms = asked(walk, monkeypatch)
    for way in (PEM, PFX):
        company(walk, way)
    for form in forms:
        header = jwt.get_unverified_header(form["client_assertion"])
        assert header["alg"] == "PS256" and header["x5t#S256"] and "x5t" not in header


def test_the_caller_knows_until_when_the_certificate_is_valid(walk: Walk) -> None:
    from cryptography.x509 import load_pem_x509_certificate

    expected = load_pem_x509_certificate(walk.simulator.certificates.application.certificate).not_valid_after_utc
    for way in WAYS.values():
        with closing(client_of(walk, way)) as client:
            assert client.certificate_until is None
            client.company()
            assert client.certificate_until == (expected if "certificate" in way else None)


def test_days_left_are_told_and_a_month_before_the_end_both_commands_warn(tmp_path: Path) -> None:
    with walking(tmp_path, sign_in=SignIn(certificate_days=30)) as walk:
        walk.spec["target"]["auth"] = PEM
        done = walk.here()
        assert done.code == 0
        assert "warning: the certificate for signing in is valid until" in done.err
        assert "29 days are left" in done.err
        status = walk.again("status")
        assert "Certificate valid until " in status.out and "29 days are left" in status.err
    with walking(tmp_path / "later", sign_in=SignIn(certificate_days=32)) as walk:
        walk.spec["target"]["auth"] = PEM
        assert "warning" not in walk.here().err
        assert walk.again("status").err == ""


def test_an_expired_certificate_is_refused_before_any_call(tmp_path: Path, monkeypatch) -> None:
    with walking(tmp_path, sign_in=SignIn(certificate_days=0)) as walk:
        forms = asked(walk, monkeypatch)
        for way in (PEM, PFX):
            refused(walk, way, CredentialsRefused, "Secret entra-sync: the certificate has expired", "make a new one")
        walk.spec["target"]["auth"] = PEM
        walk.here().assert_error(1, "Secret entra-sync: the certificate has expired")
        assert not forms
        assert company(walk, SECRET).syncing


# --- workload identities --------------------------------------------------------------------------------------------


def test_the_token_file_is_read_for_every_sign_in(walk: Walk, monkeypatch) -> None:
    forms = asked(walk, monkeypatch)
    tokens = [walk.simulator.cluster.token() for _ in range(2)]
    put(walk, "entra-sync-token/token", tokens[0] + "\n")
    with closing(client_of(walk, WORKLOAD)) as client:
        client.company()
        put(walk, "entra-sync-token/token", tokens[1])
        client.company()
        client._channel.forget_token()
        client.company()
    assert [form["client_assertion"] for form in forms] == tokens


def test_the_environment_names_the_token_file_and_the_webhook_has_a_place_for_it(walk: Walk, monkeypatch) -> None:
    auth = {"workloadIdentity": {"clientID": CLIENT}}
    monkeypatch.setenv(VARIABLE, str(walk.folder / TOKEN))
    assert company(walk, auth).syncing
    monkeypatch.delenv(VARIABLE)
    refused(walk, auth, InputRefused, MOUNTED, "cannot be read: No such file", "azure.workload.identity/use")


def _expired(walk: Walk) -> str:
    return walk.simulator.cluster.token(exp=1_700_000_000)


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (None, InputRefused, "cannot be read: No such file"),
        ("", InputRefused, "is empty"),
        (" \n", InputRefused, "is empty"),
        ("canary", InputRefused, "holds no token"),
        ("canary.canary.canary", InputRefused, "holds no token"),
        ("a.W10.b", InputRefused, "holds no token"),
        (b"\xff\xfe\x00canary", InputRefused, "holds no token"),
        (_expired, CredentialsRefused, "has expired: it was valid until 2023-11-14 22:13 UTC"),
    ],
)
def test_a_token_file_that_holds_no_token_that_is_good(
    walk: Walk, content: bytes | str | Callable[[Walk], str] | None, kind: type[SyncrampError], words: str
) -> None:
    put(walk, "entra-sync-token/token", content(walk) if callable(content) else content)
    assert "canary" not in refused(walk, WORKLOAD, kind, words, TOKEN)


def test_a_folder_in_place_of_the_token_file_is_refused(walk: Walk) -> None:
    put(walk, "entra-sync-token/token", None)
    (walk.folder / TOKEN).mkdir()
    refused(walk, WORKLOAD, InputRefused, "Is a directory")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"sub": "system:serviceaccount:a:b"}, "AADSTS700213"),
        ({"aud": ["a"]}, "AADSTS700212"),
        ({"iss": "i"}, "700211"),
    ],
)
def test_a_token_that_the_application_does_not_trust(walk: Walk, changed: dict[str, Any], words: str) -> None:
    put(walk, "entra-sync-token/token", walk.simulator.cluster.token(**changed))
    refused(walk, WORKLOAD, CredentialsRefused, words, "issuer and subject", "api://AzureADTokenExchange")


# --- classic accounts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cloud", "audience", "scope"),
    [
        ("Commercial", None, "https://graph.windows.net/.default"),
        ("USGovernment", None, "https://graph.windows.net/.default"),
        ("China", None, "https://graph.chinacloudapi.cn/.default"),
        ("China", "6bf85cfa-ac8a-4be5-b5de-425a0d0dc016", "6bf85cfa-ac8a-4be5-b5de-425a0d0dc016/.default"),
    ],
)
def test_an_account_asks_for_the_classic_resource_of_its_cloud(
    walk: Walk, monkeypatch, cloud: str, audience: str | None, scope: str
) -> None:
    forms = asked(walk, monkeypatch)
    walk.spec["target"]["cloud"] = cloud
    assert company(walk, ACCOUNT, **({"audience": audience} if audience else {})).syncing
    (form,) = forms
    assert form["grant_type"] == "password"
    assert scope in form["scope"].split()


def test_an_application_asks_for_the_same_resource_in_every_cloud(walk: Walk, monkeypatch) -> None:
    forms = asked(walk, monkeypatch)
    for cloud in ("Commercial", "USGovernment", "China"):
        walk.spec["target"]["cloud"] = cloud
        assert company(walk, SECRET).syncing
    assert {form["scope"] for form in forms} == {"6bf85cfa-ac8a-4be5-b5de-425a0d0dc016/.default"}


def test_a_wrong_password_and_an_unknown_account_are_told_apart(walk: Walk) -> None:
    put(walk, "entra-sync-account/password", "canary")
    assert "canary" not in refused(walk, ACCOUNT, CredentialsRefused, "AADSTS50126", "username and password")
    put(walk, "entra-sync-account/username", "nobody@contoso.onmicrosoft.com")
    assert "canary" not in refused(walk, ACCOUNT, CredentialsRefused, "AADSTS50034", "spec.target.tenantID")


def test_an_account_that_needs_a_person_is_told_with_the_two_ways_out(tmp_path: Path) -> None:
    with walking(tmp_path, sign_in=SignIn(multifactor=True)) as walk:
        refused(walk, ACCOUNT, CredentialsRefused, "AADSTS50076", "exclude the account", "application instead")


def test_a_name_with_signs_of_an_address_is_sent_as_it_is(walk: Walk, monkeypatch) -> None:
    forms = asked(walk, monkeypatch)
    name = "o'neill#EXT#@contoso.onmicrosoft.com/?&"
    put(walk, "entra-sync-account/username", name)
    refused(walk, ACCOUNT, CredentialsRefused, "AADSTS50034")
    assert forms[0]["username"] == name


# --- for every way --------------------------------------------------------------------------------------------------


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
        monkeypatch.setattr(walk.simulator.issuer, "configuration", lambda *_: (503, {}))
        now[0] += 3599
        assert client.company().syncing
        now[0] += 1
        with pytest.raises(EndpointUnavailable, match="HTTP 503"):
            client.company()
    assert len(forms) == 1


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
            (400, {"error": "invalid_grant", "error_description": "AADSTS53003: Blocked.\r\nTrace"}),
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
    assert "\n" not in told and "\r" not in told


def test_an_issuer_that_names_an_address_without_tls_gets_nothing(walk: Walk, monkeypatch) -> None:
    configuration = walk.simulator.issuer.configuration

    def insecure(tenant: str, base: str) -> Any:
        status, document = configuration(tenant, base)
        return status, document | {"token_endpoint": document["token_endpoint"].replace("https", "http")}

    forms = asked(walk, monkeypatch)
    monkeypatch.setattr(walk.simulator.issuer, "configuration", insecure)
    refused(walk, SECRET, EndpointUnavailable, "no usable answer")
    assert not forms


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
    return 400, {"error": "invalid_client", "error_description": f"AADSTS1: you sent {form}"}


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
    told = [f"{way} {broken}"]
    with caplog.at_level(logging.DEBUG), closing(client_of(walk, WAYS[way])) as client:
        try:
            client.company()
        except SyncrampError as error:
            told += [str(error), repr(error), *traceback.format_exception(error)]
        told += [repr(client), repr(vars(client)), repr(vars(client._channel))]
    told += [record.getMessage() for record in caplog.records] + list(capfd.readouterr())
    assert any("httpcore" in record.name for record in caplog.records)
    for secret in filter(None, (*_secrets(walk), client._channel._tokens._token)):
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
