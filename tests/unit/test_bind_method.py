"""What the Secret of a directory must hold, by the method of its bind."""

from pathlib import Path
from typing import Any

import pytest

from support.documents import GONE, LDAP, minimal
from syncramp.errors import InputRefused
from syncramp.session.sources import source_of
from syncramp.source.ldap import LdapSource
from syncramp.spec.schema import with_defaults
from syncramp.spec.secrets import FileSecrets
from syncramp.spec.structure import structure

KEYTAB = b"\x05\x02 keys \xff\n"


def _opened(folder: Path, bind: dict[str, Any], **keys: bytes) -> LdapSource:
    (folder / "reader").mkdir()
    for key, value in keys.items():
        (folder / "reader" / key).write_bytes(value)
    ldap = {**LDAP, "bind": {**bind, "secretRef": {"name": "reader"}}}
    document = minimal({"spec.sources[0].ldif": GONE, "spec.sources[0].ldap": ldap})
    (spec,) = structure(with_defaults(document), folder).sources
    source = source_of(spec, FileSecrets(folder))
    assert isinstance(source, LdapSource)
    return source


@pytest.mark.parametrize("bind", [{}, {"method": "Simple"}])
def test_a_simple_bind_takes_user_name_and_password(tmp_path: Path, bind: dict[str, Any]) -> None:
    source = _opened(tmp_path, bind, username=b"reader\n", password=b"not-a-secret", keytab=KEYTAB)
    assert (source.username, source.password, source.keytab) == ("reader", "not-a-secret", None)


def test_kerberos_takes_the_principal_and_every_byte_of_the_keytab(tmp_path: Path) -> None:
    source = _opened(tmp_path, {"method": "Kerberos"}, principal=b"reader@CORP.EXAMPLE.COM\n", keytab=KEYTAB)
    assert (source.username, source.password, source.keytab) == ("reader@CORP.EXAMPLE.COM", "", KEYTAB)
    assert "keys" not in repr(source)


@pytest.mark.parametrize("missing", ["principal", "keytab"])
def test_a_key_that_is_missing_is_named(tmp_path: Path, missing: str) -> None:
    keys = {"principal": b"reader@CORP.EXAMPLE.COM", "keytab": KEYTAB}
    del keys[missing]
    with pytest.raises(InputRefused, match=f"has no readable key {missing}"):
        _opened(tmp_path, {"method": "Kerberos"}, **keys)
