"""The grants of the simulated issuer beside certificate and secret: federated tokens, a classic account, old keys."""

import time
from datetime import timedelta
from typing import Any

import pytest

from support.assertions import ASSERTION, assertion
from syncramp.endpoint.contract import ACCESS_DENIED_TEXT
from syncramp.simulator.certificates import make_application
from syncramp.simulator.grants import LEEWAY, PUBLIC_CLIENTS
from syncramp.simulator.issuer import RESOURCE, Issuer
from syncramp.simulator.registration import ROLE, Account, Application, Cluster

TENANT = "57cf9f28-1ad7-40f4-bee8-d3ab9877f0a8"
CLIENT = "0b1c2d3e-0000-4000-8000-000000000001"
ENDPOINT = f"https://127.0.0.1:1/{TENANT}/oauth2/v2.0/token"
CLUSTER = Cluster()
PAIR = make_application(CLIENT)
ACCOUNT = Account("sync@contoso.onmicrosoft.com", "not for others")
CLASSIC = "https://graph.windows.net"


def issuer(account: Account = ACCOUNT, certificate: bytes = PAIR.certificate) -> Issuer:
    application = Application(CLIENT, certificate, "s", trusts=CLUSTER.credential)
    return Issuer(TENANT, application, time.time, account, 60)


def asked(made: Issuer, form: dict[str, str]) -> dict[str, Any]:
    """The answer to a token request; refused if and only if it has numbers."""
    status, answer = made.token(TENANT, form, ENDPOINT)
    assert (status == 200) == ("access_token" in answer) == ("error_codes" not in answer)
    return answer


def shown(text: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": CLIENT,
        "scope": f"{RESOURCE}/.default",
        "client_assertion_type": ASSERTION,
        "client_assertion": text,
    }


def password(**changed: str) -> dict[str, str]:
    form = {
        "grant_type": "password",
        "client_id": PUBLIC_CLIENTS[0],
        "scope": f"{CLASSIC}/.default offline_access openid profile",
        "username": ACCOUNT.username.upper(),
        "password": ACCOUNT.password,
    }
    return form | changed


def test_a_token_of_the_cluster_that_is_trusted_gives_one_for_the_application() -> None:
    made = issuer()
    answer = asked(made, shown(CLUSTER.token()))
    claims = made.verify(answer["access_token"])
    assert isinstance(claims, dict)
    assert (claims["appid"], claims["roles"], answer["expires_in"]) == (CLIENT, [ROLE], 60)


@pytest.mark.parametrize(
    ("changed", "number"),
    [
        ({"iss": "https://other.example.com/"}, 700211),
        ({"iss": "https://cluster.example.com"}, 700211),
        ({"sub": "system:serviceaccount:default:default"}, 700213),
        ({"aud": ["https://kubernetes.default.svc"]}, 700212),
        ({"aud": ["api://AzureADTokenExchange", "other"]}, 700212),
        ({"exp": time.time() - LEEWAY - 60}, 700024),
        ({"nbf": time.time() + 86_400}, 700024),
    ],
)
def test_a_federated_token_that_says_something_else_is_refused(changed: dict[str, Any], number: int) -> None:
    assert asked(issuer(), shown(CLUSTER.token(**changed)))["error_codes"] == [number]


@pytest.mark.parametrize(
    ("text", "number"),
    [(Cluster().token(), 700027), (CLUSTER.token()[:-8] + "AAAAAAAA", 700027), ("x", 50027), ("", 50027)],
)
def test_a_federated_token_that_the_cluster_did_not_sign_is_refused(text: str, number: int) -> None:
    assert asked(issuer(), shown(text))["error_codes"] == [number]


def test_an_application_that_trusts_nobody_takes_no_federated_token() -> None:
    made = Issuer(TENANT, Application(CLIENT, PAIR.certificate, "s"), time.time)
    assert asked(made, shown(CLUSTER.token()))["error_codes"] == [700027]


def test_an_assertion_out_of_its_time_is_refused() -> None:
    late = assertion(PAIR, CLIENT, ENDPOINT, exp=time.time() - LEEWAY - 60)
    assert asked(issuer(), shown(late))["error_codes"] == [700024]


def test_an_assertion_of_an_expired_certificate_is_refused() -> None:
    old = make_application(CLIENT, timedelta(0))
    answer = asked(issuer(certificate=old.certificate), shown(assertion(old, CLIENT, ENDPOINT)))
    assert answer["error_codes"] == [700027] and "expired" in answer["error_description"]


@pytest.mark.parametrize(
    ("resource", "scope"),
    [(CLASSIC, "user_impersonation"), ("https://graph.chinacloudapi.cn", "user_impersonation"), (RESOURCE, ROLE)],
)
def test_an_account_gets_a_token_for_a_person(resource: str, scope: str) -> None:
    made = issuer()
    claims = made.verify(asked(made, password(scope=f"{resource}/.default"))["access_token"])
    assert isinstance(claims, dict)
    assert (claims["aud"], claims["scp"], claims["upn"]) == (resource, scope, ACCOUNT.username)
    assert (claims["appid"], claims["roles"]) == (PUBLIC_CLIENTS[0], [])


@pytest.mark.parametrize("tenant", [TENANT, "common", "Organizations"])
@pytest.mark.parametrize("client", PUBLIC_CLIENTS)
def test_an_account_gets_a_token_from_the_older_endpoint_too(tenant: str, client: str) -> None:
    """As published clients ask for it."""
    made, form = issuer(), password(client_id=client, resource=CLASSIC, scope="openid")
    status, answer = made.older_token(tenant, form, ENDPOINT)
    assert (status, answer["expires_in"], answer["resource"]) == (200, "60", CLASSIC)
    claims = made.verify(answer["access_token"])
    assert isinstance(claims, dict)
    assert (claims["aud"], claims["scp"], claims["appid"]) == (CLASSIC, "user_impersonation", client)


@pytest.mark.parametrize(
    ("tenant", "changed", "number"),
    [
        (TENANT, {"resource": ""}, 900144),
        (TENANT, {"resource": "https://vault.azure.net"}, 500011),
        ("common", {"grant_type": "client_credentials", "resource": RESOURCE}, 90002),
        ("consumers", {"resource": CLASSIC}, 90002),
    ],
)
def test_the_older_endpoint_refuses_as_the_newer_one_does(tenant: str, changed: dict[str, str], number: int) -> None:
    status, answer = issuer().older_token(tenant, password(**changed), ENDPOINT)
    assert (status, answer["error_codes"]) == (400, [number])


@pytest.mark.parametrize(
    ("form", "number"),
    [
        (password(password="guessed"), 50126),
        (password(username="somebody@contoso.onmicrosoft.com"), 50034),
        (password(client_id=CLIENT), 700016),
        (password(scope="https://vault.azure.net/.default"), 500011),
        (password(username=""), 900144),
    ],
)
def test_an_account_that_does_not_prove_itself_gets_none(form: dict[str, str], number: int) -> None:
    answer = asked(issuer(), form)
    assert answer["error_codes"] == [number]
    assert ACCOUNT.password not in str(answer) and "guessed" not in str(answer)


def test_an_account_that_needs_a_person_gets_none() -> None:
    answer = asked(issuer(Account(ACCOUNT.username, ACCOUNT.password, needs_person=True)), password())
    assert (answer["error_codes"], answer["error"]) == ([50076], "invalid_grant")


def test_a_token_of_a_person_without_the_scope_is_denied() -> None:
    made = issuer()
    assert made.verify(made.access_token(CLASSIC, roles=[], scp="User.Read")) == ACCESS_DENIED_TEXT


def test_no_secret_is_in_the_words_for_what_is_registered() -> None:
    assert ACCOUNT.password not in repr(ACCOUNT)
    assert "PRIVATE" not in repr(CLUSTER.credential)
