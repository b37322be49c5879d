"""Attributes of directories that hold passwords or keys: no rule, no filter and no anchor reads them."""

_SECRET = frozenset(
    {
        *("userpassword", "unicodepwd", "dbcspwd", "ntpwdhistory", "lmpwdhistory", "supplementalcredentials"),
        *("unixuserpassword", "userpkcs12", "pwdhistory", "sambantpassword", "sambalmpassword", "krbprincipalkey"),
    }
)
_SECRETS = ("ms-mcs-admpwd", "mslaps-", "msds-managedpassword", "msfve-", "mspki-accountcredentials")
"""How the names of attributes begin that hold passwords, private and recovery keys."""


def is_secret(name: str) -> bool:
    """The attribute of this name, in any case, holds passwords or keys."""
    return name.lower() in _SECRET or name.lower().startswith(_SECRETS)
