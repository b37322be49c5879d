"""What one part of a document says of another, and what a document that asks for it makes of its sources."""

from pathlib import Path

import pytest
import yaml

from support.documents import LDAP, findings, minimal, said
from syncramp.session.opening import job
from syncramp.source.ldap.writer import LdapAnchorWriter

BACK = "spec.identity.writeBackAnchor"
OVER_LDAP = {"name": "corp", "ldap": LDAP, "scope": [{"dn": "DC=corp"}]}
FILE = {"name": "labs", "ldif": {"path": "labs.ldif"}, "scope": [{"dn": "DC=labs"}]}


def test_an_anchor_cannot_be_written_into_a_file() -> None:
    reason = "writeBackAnchor needs directories that can be written to, and this is a file"
    data = minimal({"spec.sources": [OVER_LDAP, FILE], BACK: True})
    assert said(data) == {("spec.sources[1].ldif", reason)}
    (found,) = findings(data)
    assert found.remedy == "read it over LDAP, or set writeBackAnchor: false"
    assert findings(minimal({"spec.sources": [OVER_LDAP, FILE]})) == []
    assert findings(minimal({"spec.sources": [OVER_LDAP], BACK: True})) == []


@pytest.mark.parametrize("asked", [True, False])
def test_a_run_is_given_writers_for_its_directories_only_if_the_document_asks(tmp_path: Path, asked: bool) -> None:
    data = minimal({"spec.sources": [OVER_LDAP], BACK: asked, "spec.target.endpoint.unverified": True})
    document = tmp_path / "document.yaml"
    document.write_text(yaml.safe_dump(data), encoding="utf-8")
    for name in ("username", "password"):
        secret = tmp_path / "secrets" / "ad-reader" / name
        secret.parent.mkdir(parents=True, exist_ok=True)
        secret.write_text("x", encoding="utf-8")
    with job(str(document), None, None, lambda event: None, sends=False) as made:
        assert {name: type(writer) for name, writer in made.writers.items()} == (
            {"corp": LdapAnchorWriter} if asked else {}
        )
        (source, _) = made.sources[0]
        assert not asked or made.writers["corp"].source is source, "it writes where that source read"
