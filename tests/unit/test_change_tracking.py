"""How changes of a directory are found: what the document says reaches its source, and nothing else can be said."""

import re
from pathlib import Path

import pytest

from support.documents import GONE, LDAP, findings, minimal
from syncramp.model import tracking
from syncramp.session.sources import source_of
from syncramp.source.ldap import LdapSource
from syncramp.spec.schema import with_defaults
from syncramp.spec.secrets import FileSecrets
from syncramp.spec.structure import structure

WAYS = (tracking.AUTO, tracking.FULL, *tracking.OF_ACTIVE_DIRECTORY, *tracking.OF_OPENLDAP)


def _document(**access: str) -> dict[str, object]:
    return minimal({"spec.sources[0].ldif": GONE, "spec.sources[0].ldap": {**LDAP, **access}})


def _source(folder: Path, **access: str) -> LdapSource:
    for key in ("username", "password"):
        (folder / "ad-reader").mkdir(exist_ok=True)
        (folder / "ad-reader" / key).write_text("reader", encoding="utf-8")
    (spec,) = structure(with_defaults(_document(**access)), folder).sources
    source = source_of(spec, FileSecrets(folder))
    assert isinstance(source, LdapSource)
    return source


@pytest.mark.parametrize("way", WAYS)
def test_the_way_of_the_document_is_the_one_of_the_source(tmp_path: Path, way: str) -> None:
    assert _source(tmp_path, changeTracking=way).tracking == way


def test_without_a_word_the_best_way_is_taken(tmp_path: Path) -> None:
    assert _source(tmp_path).tracking == tracking.AUTO


def test_no_other_way_can_be_named() -> None:
    (finding,) = findings(_document(changeTracking="Polling"))
    assert finding.path == "spec.sources[0].ldap.changeTracking"
    assert sorted(re.findall(r'"(\w+)"', finding.reason)) == sorted(WAYS)
