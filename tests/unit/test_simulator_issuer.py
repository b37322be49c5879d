"""Tokens of the simulated issuer: who gets one, and which the endpoint accepts."""

import stat
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509

from support.assertions import ASSERTION, assertion
from support.clock import Clock
from syncramp.endpoint.contract import ACCESS_DENIED_TEXT
from syncramp.simulator.certificates import Pair, make_application, make_certificates, write_private
from syncramp.simulator.issuer import EXPIRED_TEXT, LIFETIME, RESOURCE, Issuer
from syncramp.simulator.registration import ROLE, Application

TENANT = "57cf9f28-1ad7-40f4-bee8-d3ab9877f0a8"
CLIENT = "0b1c2d3e-0000-4000-8000-000000000001"
SECRET = "between us"
ENDPOINT = f"https://127.0.0.1:1/{TENANT}/oauth2/v2.0/token"
SCOPE = f"{RESOURCE}/.default"


@pytest.fixture(scope="module")
def pair() -> Pair:
    return make_application(CLIENT)


@pytest.fixture
def clock() -> Clock:
    return Clock(1_790_000_000.0)


@pytest.fixture
def issuer(pair: Pair, clock: Clock) -> Issuer:
    return Issuer(TENANT, Application(CLIENT, pair.certificate, SECRET), clock)


def _form(**changed: str) -> dict[str, str]:
    base = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET, "scope": SCOPE}
    return base | changed


def _assertion(pair: Pair, thumbprint_of: Pair | None = None, **changed: Any) -> str:
    return assertion(pair, CLIENT, ENDPOINT, thumbprint_of, **changed)


def _with(text: str) -> dict[str, str]:
    form = _form(client_assertion=text, client_assertion_type=ASSERTION)
    del form["client_secret"]
    return form


def test_the_right_secret_gives_a_token_that_the_endpoint_accepts(issuer: Issuer, clock: Clock) -> None:
    status, answer = issuer.token(TENANT, _form(), ENDPOINT)
    assert status == 200
    claims = issuer.verify(answer["access_token"])
    assert isinstance(claims, dict)
    assert (claims["aud"], claims["tid"], claims["appid"]) == (RESOURCE, TENANT, CLIENT)
    assert claims["roles"] == [ROLE]
    assert claims["exp"] == int(clock.now) + LIFETIME


@pytest.mark.parametrize("audience", [ENDPOINT, ENDPOINT.replace("/oauth2/v2.0/token", "/v2.0")])
def test_an_assertion_of_the_registered_certificate_gives_a_token(issuer: Issuer, pair: Pair, audience: str) -> None:
    status, answer = issuer.token(TENANT, _with(_assertion(pair, aud=audience)), ENDPOINT)
    assert status == 200, answer


@pytest.mark.parametrize(
    "changed",
    [{"aud": "https://elsewhere"}, {"iss": "somebody"}, {"sub": "somebody"}],
    ids=["audience", "issuer", "subject"],
)
def test_an_assertion_that_says_something_else_is_refused(
    issuer: Issuer, pair: Pair, changed: dict[str, Any]
) -> None:
    status, answer = issuer.token(TENANT, _with(_assertion(pair, **changed)), ENDPOINT)
    assert (status, answer["error"]) == (401, "invalid_client")
    assert answer["error_description"].startswith("AADSTS700027: ")


def test_an_assertion_of_another_certificate_is_refused(issuer: Issuer, pair: Pair) -> None:
    other = make_application(CLIENT)
    for text in (_assertion(other), _assertion(other, thumbprint_of=pair)):
        assert issuer.token(TENANT, _with(text), ENDPOINT)[0] == 401


@pytest.mark.parametrize(
    ("form", "status", "number"),
    [
        (_form(client_secret="guessed"), 401, 7000215),
        (_form(client_id="0b1c2d3e-0000-4000-8000-000000000002"), 400, 700016),
        (_form(grant_type="refresh_token"), 400, 70003),
        (_form(scope="User.Read"), 400, 1002012),
        (_form(scope="https://vault.azure.net/.default"), 400, 500011),
        (_form(scope=""), 400, 900144),
        (_form(client_secret=""), 400, 900144),
    ],
)
def test_a_bad_request_gets_entras_own_error(issuer: Issuer, form: dict[str, str], status: int, number: int) -> None:
    got, answer = issuer.token(TENANT, form, ENDPOINT)
    assert (got, answer["error_codes"]) == (status, [number])
    assert f"AADSTS{number}: " in answer["error_description"]
    assert SECRET not in str(answer)
    assert "access_token" not in answer


def test_another_tenant_is_not_found(issuer: Issuer) -> None:
    assert issuer.token("11111111-1111-4111-8111-111111111111", _form(), ENDPOINT)[1]["error_codes"] == [90002]
    assert issuer.configuration("contoso", "https://127.0.0.1:1")[0] == 400


def test_the_configuration_points_at_the_issuer_itself(issuer: Issuer) -> None:
    status, document = issuer.configuration(TENANT, "https://127.0.0.1:1")
    assert status == 200
    assert document["token_endpoint"] == ENDPOINT
    assert document["issuer"] == f"https://127.0.0.1:1/{TENANT}/v2.0"


def test_the_published_key_verifies_a_token(issuer: Issuer) -> None:
    key = jwt.PyJWK(issuer.keys()["keys"][0])
    claims = jwt.decode(
        issuer.access_token(),
        key,
        ["RS256"],
        audience=RESOURCE,
        options={"verify_iat": False, "verify_nbf": False, "verify_exp": False},
    )
    assert claims["tid"] == TENANT


@pytest.mark.parametrize(
    "changed", [{"roles": []}, {"aud": "https://graph.microsoft.com"}, {"tid": "x"}, {"iss": "x"}, {"exp": None}]
)
def test_a_token_without_the_right_claims_is_denied(issuer: Issuer, changed: dict[str, Any]) -> None:
    assert issuer.verify(issuer.access_token(**changed)) == ACCESS_DENIED_TEXT


def test_foreign_and_damaged_tokens_are_denied(issuer: Issuer, pair: Pair, clock: Clock) -> None:
    stranger = Issuer(TENANT, Application(CLIENT, pair.certificate, SECRET), clock)
    unsigned = jwt.encode({"aud": RESOURCE, "tid": TENANT, "roles": [ROLE]}, None, "none")
    for token in (stranger.access_token(), unsigned, issuer.access_token()[:-4], "", "Bearer x"):
        assert issuer.verify(token) == ACCESS_DENIED_TEXT


def test_a_token_is_good_for_an_hour(issuer: Issuer, clock: Clock) -> None:
    token = issuer.access_token()
    clock.now += LIFETIME - 1
    assert isinstance(issuer.verify(token), dict)
    clock.now += 1
    assert issuer.verify(token) == EXPIRED_TEXT


def test_the_server_certificate_names_loopback_and_comes_from_the_authority() -> None:
    made = make_certificates(CLIENT)
    ca, server = (x509.load_pem_x509_certificate(pem) for pem in (made.ca, made.server.certificate))
    server.verify_directly_issued_by(ca)
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert "PRIVATE" not in repr(made)


def test_keys_are_written_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "tls.key"
    for data in (b"one", b"two"):
        write_private(path, data)
        assert path.read_bytes() == data
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
