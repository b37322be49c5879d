"""An LDIF file in a ConfigMap: read like a key of a Secret, and never from outside of the folder."""

from pathlib import Path

import pytest

from support.documents import minimal
from syncramp.errors import InputRefused
from syncramp.session.opening import _source
from syncramp.spec.schema import with_defaults
from syncramp.spec.secrets import FileSecrets
from syncramp.spec.structure import structure

LDIF = """version: 1

dn: CN=Ada,DC=corp,DC=example,DC=com
objectClass: user
objectGUID:: 3XWw0C1m4kGqQn0Cw3V5Yw==
cn: Ada

# returned 1 records
"""


def test_the_file_is_the_key_below_the_folder_of_secrets(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "directory.ldif").write_text(LDIF, encoding="utf-8")
    document = minimal({"spec.sources[0].ldif": {"configMapKeyRef": {"name": "people"}}})
    (spec,) = structure(with_defaults(document), Path("/nowhere")).sources
    source = _source(spec, FileSecrets(tmp_path))
    *facts, proof = source.read(*source.partitions(), frozenset({"cn"}))
    assert len(facts) == 1
    assert getattr(proof, "complete", None)


@pytest.mark.parametrize(
    ("name", "key"), [("..", "x"), ("people", ".."), ("a/b", "x"), ("people", "../x"), ("", "x")]
)
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str, key: str) -> None:
    with pytest.raises(InputRefused):
        FileSecrets(tmp_path).path(name, key)
