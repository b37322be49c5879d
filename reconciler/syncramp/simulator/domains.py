"""What becomes of values whose domain the tenant did not verify: they are replaced or dropped without a word."""

from typing import Any

from syncramp.simulator.settings import TenantSettings


def normalised(values: dict[str, Any], settings: TenantSettings) -> dict[str, Any]:
    """Attributes as the service computes them from what it was sent.

    A user principal name of an unverified domain gets the tenant's initial domain, a mail address of one is dropped
    from the list of addresses. Without verified domains nothing changes.
    """
    if not settings.verified_domains:
        return values
    verified = {domain.lower() for domain in (*settings.verified_domains, settings.initial_domain)}
    left = dict(values)
    for name, value in values.items():
        if name.lower() == "userprincipalname" and _domain(str(value)) not in verified:
            left[name] = f"{str(value).partition('@')[0]}@{settings.initial_domain}"
        elif name.lower() == "proxyaddresses" and isinstance(value, tuple):
            left[name] = tuple(text for text in value if not _is_mail(text) or _domain(text) in verified)
    return {name: value for name, value in left.items() if value != ()}


def _is_mail(address: Any) -> bool:
    return isinstance(address, str) and address.lower().startswith("smtp:")


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
