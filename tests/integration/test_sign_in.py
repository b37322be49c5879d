"""Each way to sign in, by msal over real TLS against the simulator's issuer: what works, what each refusal says."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.build import CLIENT
from support.sign_in import ACCOUNT, PEM, PFX, SECRET, TOKEN, WAYS, WORKLOAD, asked, client_of, company, put, refused
from support.walk import Walk, walking
from syncramp.endpoint.federation import MOUNTED, VARIABLE
from syncramp.errors import CredentialsRefused, InputRefused, SyncrampError
from syncramp.simulator.settings import SignIn


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as made:
        yield made


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
