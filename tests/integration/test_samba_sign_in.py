"""Signing in at a real domain controller: TLS, simple binds, Kerberos, and what is told where one of them fails."""

import sys
from pathlib import Path

import pytest

from support.cutting_proxy import cutting_proxy
from support.kerberos import requires_kerberos
from support.ldap_certificates import issue
from support.ports import free_port
from support.samba import DOMAIN, PASSWORD, REALM, SYNC, Samba, requires_samba
from syncramp.errors import CredentialsRefused, InputRefused, SourceUnavailable, UntrustedServer
from syncramp.model.facts import Entry, Proof
from syncramp.source.ldap import LdapSource

PRINCIPAL = f"{SYNC}@{REALM}"
WANTED = frozenset({"cn", "description"})


@pytest.fixture(scope="module")
def unit(domain: Samba) -> str:
    """An organizational unit with accounts that may not sign in."""
    admin = domain.as_administrator
    unit = admin.add_unit("SignIn")
    for name in ("disabled", "expired", "locked", "must change"):
        admin.add_user(name, unit)
        admin.set_password(f"CN={name},{unit}", PASSWORD)
    admin.replace(f"CN=disabled,{unit}", userAccountControl="514")
    admin.replace(f"CN=expired,{unit}", accountExpires="131000000000000000")  # in 2016
    admin.replace(f"CN=must change,{unit}", pwdLastSet="0")
    return unit


@pytest.fixture
def realm(domain: Samba, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Kerberos library finds the domain's KDC."""
    monkeypatch.setenv("KRB5_CONFIG", str(domain.kerberos))


def _source(domain: Samba, user: str, password: str = PASSWORD, url: str = "", ca: bytes = b"") -> LdapSource:
    return LdapSource("corp", [url or domain.ldaps], user, password, ca or domain.ca, [domain.base])


def _with_keys(domain: Samba, principal: str, keytab: bytes, url: str = "") -> LdapSource:
    return LdapSource("corp", [url or domain.ldaps], principal, "", domain.ca, [domain.base], keytab=keytab)


def _entries(source: LdapSource, domain: Samba) -> set[str]:
    *facts, proof = source.read(domain.base, WANTED)
    assert isinstance(proof, Proof)
    assert proof.complete, proof.reason
    return {fact.dn for fact in facts if isinstance(fact, Entry)}


@requires_samba
@pytest.mark.parametrize("security", ["ldap", "ldaps"])
@pytest.mark.parametrize(
    "user", [f"{SYNC}@corp.example.test", f"{DOMAIN}\\{SYNC}", f"CN={SYNC},CN=Users,DC=corp,DC=example,DC=test"]
)
def test_a_user_signs_in_by_any_of_its_names_inside_tls(domain: Samba, security: str, user: str) -> None:
    found = _entries(_source(domain, user, url=getattr(domain, security)), domain)
    assert f"CN={SYNC},CN=Users,{domain.base}" in found


@requires_samba
@pytest.mark.parametrize("security", ["ldap", "ldaps"])
def test_a_server_of_another_authority_gets_no_password(domain: Samba, security: str) -> None:
    other = issue(domain.address).ca
    with pytest.raises(UntrustedServer, match="certificate is not trusted"):
        _source(domain, domain.upn(SYNC), url=getattr(domain, security), ca=other).partitions()


@requires_samba
@pytest.mark.parametrize(("scheme", "port"), [("ldap", 389), ("ldaps", 636)])
def test_a_host_name_that_is_not_in_the_certificate_is_refused(domain: Samba, scheme: str, port: int) -> None:
    with cutting_proxy(port, None, domain.address) as other:
        source = _source(domain, domain.upn(SYNC), url=f"{scheme}://127.0.0.1:{other}")
        with pytest.raises(UntrustedServer, match="IP address mismatch.*use a host name that stands in it"):
            source.partitions()


@requires_samba
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nobody", "wrong password|no such user"),
        ("disabled", "the account is disabled"),
        ("expired", "the account has expired"),
        ("must change", "the password must be changed first"),
    ],
)
def test_an_account_that_may_not_sign_in_is_told_in_words(domain: Samba, unit: str, name: str, words: str) -> None:
    with pytest.raises(CredentialsRefused, match=words) as refused:
        _source(domain, domain.upn(name)).partitions()
    assert domain.ldaps in str(refused.value)
    assert PASSWORD not in str(refused.value)


@requires_samba
def test_a_wrong_password_is_told_and_an_account_that_it_locked_too(domain: Samba, unit: str) -> None:
    admin = domain.as_administrator
    with pytest.raises(CredentialsRefused, match="wrong password"):
        _source(domain, domain.upn("locked"), "wrong").partitions()
    admin.replace(admin.base, lockoutThreshold="1")
    try:
        with pytest.raises(CredentialsRefused):
            _source(domain, domain.upn("locked"), "wrong").partitions()
        with pytest.raises(CredentialsRefused, match="the account is locked"):
            _source(domain, domain.upn("locked")).partitions()
    finally:
        admin.replace(admin.base, lockoutThreshold="0")


@requires_samba
@requires_kerberos
@pytest.mark.parametrize("security", ["ldap", "ldaps"])
def test_a_keytab_signs_in_inside_tls(domain: Samba, realm: None, security: str) -> None:
    source = _with_keys(domain, PRINCIPAL, domain.keytab.read_bytes(), getattr(domain, security))
    assert f"CN={SYNC},CN=Users,{domain.base}" in _entries(source, domain)
    assert "keytab" not in repr(source)


@requires_samba
@requires_kerberos
@pytest.mark.parametrize("keytab", [b"", b"no keytab", bytes.fromhex("0502")])
def test_a_keytab_without_the_key_is_told(domain: Samba, realm: None, keytab: bytes) -> None:
    with pytest.raises(CredentialsRefused, match="the keytab holds no key of it, or is none") as refused:
        _with_keys(domain, PRINCIPAL, keytab).partitions()
    assert PRINCIPAL in str(refused.value)


@requires_samba
@requires_kerberos
def test_a_keytab_of_another_principal_is_told(domain: Samba, realm: None) -> None:
    with pytest.raises(CredentialsRefused, match="the keytab holds no key of it"):
        _with_keys(domain, f"reader@{REALM}", domain.keytab.read_bytes()).partitions()


@requires_samba
@requires_kerberos
def test_a_keytab_from_before_a_change_of_the_password_is_told(domain: Samba, realm: None, unit: str) -> None:
    keys = domain.keys_of("disabled")
    domain.as_administrator.set_password(f"CN=disabled,{unit}", "Another.1")
    with pytest.raises(CredentialsRefused, match="Preauthentication failed.*a changed password makes it void"):
        _with_keys(domain, f"disabled@{REALM}", keys).partitions()
    domain.as_administrator.replace(f"CN=disabled,{unit}", userAccountControl="514")


@requires_samba
@requires_kerberos
def test_a_server_that_no_service_is_named_after_is_told(domain: Samba, realm: None) -> None:
    with cutting_proxy(636, None, domain.address) as port:
        source = _with_keys(domain, PRINCIPAL, domain.keytab.read_bytes(), f"ldaps://localhost:{port}")
        with pytest.raises(UntrustedServer, match="the domain knows no service ldap/localhost"):
            source.partitions()


@requires_samba
@requires_kerberos
def test_a_kdc_that_does_not_answer_is_a_passing_fault(
    domain: Samba, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = domain.kerberos.read_text().replace(f"kdc = {domain.address}", f"kdc = 127.0.0.1:{free_port()}")
    (tmp_path / "krb5.conf").write_text(text)
    monkeypatch.setenv("KRB5_CONFIG", str(tmp_path / "krb5.conf"))
    with pytest.raises(SourceUnavailable, match=f"no KDC of {REALM} answers"):
        _with_keys(domain, PRINCIPAL, domain.keytab.read_bytes()).partitions()


@requires_samba
@requires_kerberos
@pytest.mark.parametrize("principal", ["sync", "@", f"@{REALM}", "sync@"])
def test_what_is_no_principal_is_refused(domain: Samba, principal: str) -> None:
    with pytest.raises(InputRefused, match="is no Kerberos principal.*name@REALM"):
        _with_keys(domain, principal, b"").partitions()


@requires_samba
def test_a_missing_library_is_told_with_its_name(domain: Samba, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gssapi", None)
    with pytest.raises(InputRefused, match=r"install libgssapi-krb5-2 and syncramp\[kerberos\]"):
        _with_keys(domain, PRINCIPAL, b"").partitions()
