"""Why the token issuer gives no token, and what to do about it: Entra's numbers (AADSTS…) as remedies.

The texts of the issuer are told because a person searches for them, without anything that was sent to it. The numbers
and their meanings are those of Microsoft's page *Microsoft Entra authentication and authorization error codes*.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from syncramp.errors import CredentialsRefused, EndpointUnavailable, SyncrampError
from syncramp.words import printable

LATER = "the next run tries again"
_PASSING = ("temporarily_unavailable", "server_error")
"""Errors of OAuth (RFC 6749, 4.1.2.1) that pass without anybody's help."""
_LONGEST = 500
"""Characters of the issuer's text that are told."""
_REGISTERED = "check spec.target.auth, spec.target.tenantID and spec.target.cloud: the application is not there"
_TRUSTED = (
    "compare issuer and subject of the application's federated credential with the token's, "
    "and its audience with api://AzureADTokenExchange"
)
_WITHOUT_PERSON = (
    "exclude the account from multifactor authentication and from Conditional Access, "
    "or sign in with an application instead"
)
_ACCOUNT = "check username and password in the Secret of spec.target.auth.account"
REMEDIES: Mapping[int, str] = {
    7000215: "put the client secret's value, not its ID, into the Secret of spec.target.auth.clientSecret",
    7000222: "the client secret has expired: add a new one to the registration and put it into the Secret",
    700027: "add the certificate to the application's registration, and check clientID",
    700016: _REGISTERED,
    90002: "check spec.target.tenantID and spec.target.cloud: the tenant is not there",
    700024: "check the clock of this machine",
    7000112: "enable the application's service principal in the tenant",
    500011: "create the service principal of Microsoft Entra AD Synchronization Service in the tenant",
    650057: "check spec.target.endpoint.audience, and that clientID may ask for it",
    65001: "grant the application the role it asks for, with an administrator's consent",
    7000218: "name a public client in spec.target.auth.account.clientID",
    70021: _TRUSTED,
    700211: _TRUSTED,
    700212: _TRUSTED,
    700213: _TRUSTED,
    50013: "check that the application's federated credential names the issuer that signs the token",
    50126: _ACCOUNT,
    50034: f"{_ACCOUNT}, spec.target.tenantID and spec.target.cloud",
    50053: "the account is locked after wrong passwords: wait, then check the password in its Secret",
    50055: "the password has expired: set a new one that does not expire, and put it into the Secret",
    50057: "enable the account in the tenant",
    50072: _WITHOUT_PERSON,
    50074: _WITHOUT_PERSON,
    50076: _WITHOUT_PERSON,
    50079: _WITHOUT_PERSON,
    50158: _WITHOUT_PERSON,
    53000: _WITHOUT_PERSON,
    53001: _WITHOUT_PERSON,
    53003: _WITHOUT_PERSON,
    53004: _WITHOUT_PERSON,
}
OTHERWISE = "check spec.target.tenantID, spec.target.auth with its Secret, and the application's registration"


def refusal(answer: Mapping[str, Any], who: str, host: str, hidden: Collection[str]) -> SyncrampError:
    """The error of an answer without a token.

    :param answer: the issuer's document (RFC 6749, 5.2).
    :param who: what signed in, as ``client ID``.
    :param hidden: texts that must not be told, whoever repeats them.
    """
    text = str(answer.get("error_description") or answer.get("error") or "no reason given")
    for secret in hidden:
        text = text.replace(secret, "…")
    text = printable((text.splitlines() or [""])[0][:_LONGEST])
    where = f"{host}, {who}"
    if answer.get("error") in _PASSING:
        return EndpointUnavailable(f"the token issuer gives no token now: {text}", where=where, remedy=LATER)
    remedy = next((REMEDIES[number] for number in _numbers(answer, text) if number in REMEDIES), OTHERWISE)
    return CredentialsRefused(f"the token issuer refused the sign-in: {text}", where=where, remedy=remedy)


def _numbers(answer: Mapping[str, Any], text: str) -> list[int]:
    codes = answer.get("error_codes")
    told = [code for code in codes if isinstance(code, int)] if isinstance(codes, list) else []
    return told + [int(number) for number in re.findall(r"AADSTS([0-9]{1,9})\b", text)]
