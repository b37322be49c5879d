"""An LDIF file in a ConfigMap: read like a key of a Secret, and never from outside of the folder."""

from pathlib import Path

import pytest

from support.documents import minimal
from syncramp.errors import InputRefused, SourceIncomplete, SourceUnavailable
from syncramp.session.sources import source_of
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
    source = source_of(spec, FileSecrets(tmp_path))
    *facts, proof = source.read(*source.partitions(), frozenset({"cn"}))
    assert len(facts) == 1
    assert getattr(proof, "complete", None)


def test_messages_name_the_key_and_not_the_folder_which_is_another_one_at_each_run(tmp_path: Path) -> None:
    document = minimal({"spec.sources[0].ldif": {"configMapKeyRef": {"name": "people"}, "entries": 2}})
    (spec,) = structure(with_defaults(document), Path("/nowhere")).sources
    source = source_of(spec, FileSecrets(tmp_path))
    called = "the key directory.ldif of the ConfigMap people"
    with pytest.raises(SourceUnavailable) as refused:
        source.partitions()
    assert (refused.value.where, str(tmp_path) in str(refused.value)) == (called, False)
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "directory.ldif").write_text(LDIF, encoding="utf-8")
    *_, proof = source.read(*source.partitions(), frozenset({"cn"}))
    assert getattr(proof, "reason", "").startswith(f"{called}: it holds 1 records")
    headless = LDIF.replace("objectGUID", "description")
    (tmp_path / "people" / "directory.ldif").write_text(headless, encoding="utf-8")
    with pytest.raises(SourceIncomplete, match=f"{called}:3"):
        list(source.read(*source.partitions(), frozenset({"cn"})))


@pytest.mark.parametrize(
    ("name", "key"), [("..", "x"), ("people", ".."), ("a/b", "x"), ("people", "../x"), ("", "x")]
)
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str, key: str) -> None:
    with pytest.raises(InputRefused):
        FileSecrets(tmp_path).path(name, key)
