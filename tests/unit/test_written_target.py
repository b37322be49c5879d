"""The directory that groups are written to, as a document names it: its servers, its account and its authority."""

import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.console import ROOT
from support.written_cases import written
from syncramp.check import load
from syncramp.errors import InputRefused
from syncramp.session.sources import source_of, target_of
from syncramp.spec.secrets import FileSecrets
from syncramp.spec.types import SyncConfig

SECRETS = {
    "corp-reader/username": "reader@corp.example.com",
    "corp-reader/password": "of the reader",
    "writer/username": "writer@corp.example.com",
    "writer/password": "of the writer",
    "corp-ca/ca.crt": "a certificate",
    "other-ca/ca.crt": "another certificate",
}


def _document(folder: Path, **members: Any) -> tuple[SyncConfig, FileSecrets]:
    document = yaml.safe_load((ROOT / "examples/04-ldap/syncconfig.yaml").read_text(encoding="utf-8"))
    if members:
        document["spec"]["writeback"] = written(**members)
    (folder / "document.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    for name, value in SECRETS.items():
        path = folder / "secrets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value)
    return load(str(folder / "document.yaml")), FileSecrets(folder / "secrets")


def _target(folder: Path, **members: Any) -> Any:
    config, secrets = _document(folder, **members)
    sources = [source_of(spec, secrets) for spec in config.sources]
    return target_of(config, secrets, sources, stop=threading.Event(), look_first=lambda: None)


def test_servers_and_the_authority_are_those_of_the_source_and_the_account_is_not(tmp_path: Path) -> None:
    target = _target(tmp_path, naming="DisplayName")
    assert target.account.servers == target.reads.servers
    assert (target.account.username, target.reads.username) == ("writer@corp.example.com", "reader@corp.example.com")
    assert target.account.ca == b"a certificate"
    assert target.account.bases == ["OU=Cloud,DC=corp,DC=example,DC=com"]
    assert "of the writer" not in repr(target)


def test_the_document_may_name_others(tmp_path: Path) -> None:
    ca = {"configMapKeyRef": {"name": "other-ca"}}
    target = _target(tmp_path, servers=["ldaps://dc7.corp.example.com"], tls={"ca": ca})
    assert list(target.account.servers) == ["ldaps://dc7.corp.example.com"]
    assert target.account.ca == b"another certificate"


def test_a_document_that_writes_nothing_back_has_no_target(tmp_path: Path) -> None:
    assert _target(tmp_path) is None


def test_what_goes_wrong_at_the_sign_in_names_its_place_in_the_document(tmp_path: Path) -> None:
    target = _target(tmp_path, naming="DisplayName")
    with pytest.raises(InputRefused, match=r"spec\.writeback\.groups\.servers"):
        target.account.connect_to("http://dc1")
    with pytest.raises(InputRefused, match=r"spec\.sources\[\]\.ldap\.servers"):
        target.reads.connect_to("http://dc1")
