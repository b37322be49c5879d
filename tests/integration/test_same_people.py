"""The same people in an LDIF file and in a directory server become the same objects.

A made organisation (2,000 people: accents, commas in DNs, nested groups, managers, a disabled account, contacts,
members out of scope) is read three times through the document, as every command reads it: from its LDIF file, from
an OpenLDAP server that was filled with that file (values in another order), and from the dump that ``slapcat`` makes
of this server. Each reading is imported and synchronised into a store of its own. Compared are, for every object that
should be in the cloud: kind, anchor and canonical DN, every desired attribute by name, type and value (bytes as
bytes, nothing is normalised here), every single reference by its attribute and the anchor of its target, and every
group's members as a set of anchors; beside them why how many entries are skipped, and how many member values name
nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.build import CLIENT, TENANT
from support.slapd import PASSWORD, Slapd, requires_slapd, slapd
from syncramp.cli.demo import DOCUMENT
from syncramp.cycle.import_ import import_sources
from syncramp.cycle.phases import Phase
from syncramp.cycle.synchronise import synchronise
from syncramp.model.report import RunReport
from syncramp.model.values import Kind
from syncramp.session.opening import job
from syncramp.simulator.organisation import write_forests
from syncramp.store.store import Store

BASE = "DC=corp,DC=example,DC=com"
PEOPLE = 2000
FILE = {"ldif": {"path": "corp.ldif"}}
ROOT = f"dn: {BASE}\nobjectClass: domain\ndc: corp\n\n"
"""An export of a forest begins below its root; a server needs the root."""


@dataclass
class Reading:
    """What one source became."""

    objects: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    """By anchor: kind, DN, attributes with types, references by the anchors of their targets."""
    members: dict[str, frozenset[str]] = field(default_factory=dict)
    """By the anchor of a group."""
    skipped: dict[str, int] = field(default_factory=dict)
    unresolved: int = 0


@dataclass
class Organisation:
    """The forest in its three forms."""

    folder: Path
    server: Slapd
    file: Reading

    def read(self, store: str, access: dict[str, Any]) -> Reading:
        return _read(self.folder, store, access)

    def over_ldap(self, url: str) -> dict[str, Any]:
        ca = {"secretKeyRef": {"name": "directory", "key": "ca.crt"}}
        return {"ldap": {"servers": [url], "bind": {"secretRef": {"name": "directory"}}, "tls": {"ca": ca}}}


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organisation]:
    folder = tmp_path_factory.mktemp("organisation")
    write_forests(folder, PEOPLE)
    with slapd(tmp_path_factory.mktemp("slapd"), _for_a_server(folder / "corp.ldif"), base=BASE) as server:
        _secrets(folder, server)
        yield Organisation(folder, server, _read(folder, "file", FILE))


def _for_a_server(ldif: Path) -> str:
    """The same entries with their values in reverse order, as a directory gives them in any; slapadd takes no trailer
    and no version line by itself."""
    records = ldif.read_text().split("\n\n")[1:-1]
    split = (re.split(r"\n(?! )", record) for record in records)
    return ROOT + "".join("\n".join((first, *reversed(rest))) + "\n\n" for first, *rest in split)


def _secrets(folder: Path, server: Slapd) -> None:
    secret = folder / "secrets" / "directory"
    secret.mkdir(parents=True)
    (secret / "username").write_text(f"cn=admin,{BASE}")
    (secret / "password").write_text(PASSWORD)
    (secret / "ca.crt").write_bytes(server.ca)
    for name in ("simulator-ca", "entra-sync"):
        (folder / "secrets" / name).mkdir()
    (folder / "secrets" / "simulator-ca" / "ca.crt").write_bytes(server.ca)


def _read(folder: Path, name: str, access: dict[str, Any]) -> Reading:
    """Import and synchronise one source with the demo's document and scopes.

    :param name: of the store; it is made when it is missing.
    """
    body = yaml.safe_load(DOCUMENT.format(tenant=TENANT, client=CLIENT, host="127.0.0.1:9", visible=0))
    corp = body["spec"]["sources"][0]
    del body["spec"]["target"]["endpoint"]["profile"]  # of a simulator that does not run here
    body["spec"]["sources"] = [{"name": "corp", "scope": corp["scope"], **access}]
    document = folder / f"{name}.yaml"
    document.write_text(yaml.safe_dump(body))
    report = RunReport()
    with job(str(document), folder / f"{name}.db", None, lambda _: None, sends=True) as made:
        import_sources(made, report, Phase("import", made.listen, None, "entries"))
        synchronise(made, report, Phase("synchronise", made.listen, None, "entries"))
        (source,) = report.sources
        assert source.complete, source.reason
        return _reading(made.store, report)


def _reading(store: Store, report: RunReport) -> Reading:
    snapshot = store.snapshot()
    states = {state.id: state for state in snapshot.states(snapshot.desired)}
    reading = Reading(skipped=report.skipped, unresolved=report.unresolved_members)
    for state in states.values():
        attributes = {name: (type(value), value) for name, value in (state.desired or {}).items()}
        references = {name: states[target].anchor for name, target in state.references.items() if target in states}
        reading.objects[state.anchor] = (state.kind, state.dn, attributes, references)
        if state.kind is Kind.GROUP and (membership := snapshot.membership(state.id)) is not None:
            reading.members[state.anchor] = frozenset(snapshot.anchors(membership.desired))
    return reading


def _assert_same(one: Reading, other: Reading) -> None:
    assert one.objects.keys() == other.objects.keys()
    for anchor, made in one.objects.items():
        assert made == other.objects[anchor], anchor
    assert one.members == other.members
    assert (one.skipped, one.unresolved) == (other.skipped, other.unresolved)


@requires_slapd
def test_the_organisation_holds_every_special_case(organisation: Organisation) -> None:
    """What follows would prove little about an organisation without them."""
    objects, members = organisation.file.objects, organisation.file.members
    kinds = {anchor: made[0] for anchor, made in objects.items()}
    values = [made[2] for made in objects.values()]
    assert list(kinds.values()).count(Kind.USER) == PEOPLE - PEOPLE // 20
    assert list(kinds.values()).count(Kind.CONTACT) >= 19
    assert any(not made["displayName"][1].isascii() for made in values)
    assert any("\\, " in made[1] and ",OU=Legal\\, Risk and Compliance," in made[1] for made in objects.values())
    assert [made["accountEnabled"][1] for made in values if "accountEnabled" in made].count(False) == 1
    assert sum("manager" in made[3] for made in objects.values()) > PEOPLE // 2
    assert any(kinds[member] is Kind.GROUP for group in members.values() for member in group)
    assert any(kinds[member] is Kind.CONTACT for group in members.values() for member in group)
    assert max(map(len, members.values())) > PEOPLE // 2
    assert {kind for made in values for kind, _ in made.values()} == {str, bool, bytes, tuple}
    assert sum(organisation.file.skipped.values()) >= 2, "a service account and the critical account"


@requires_slapd
@pytest.mark.parametrize("security", ["ldaps", "ldap"])
def test_a_file_and_a_live_server_with_the_same_people_give_the_same_objects(
    organisation: Organisation, security: str
) -> None:
    live = organisation.read(security, organisation.over_ldap(getattr(organisation.server, security)))
    assert len(live.objects) > PEOPLE - PEOPLE // 20
    _assert_same(organisation.file, live)


@requires_slapd
def test_moving_from_a_file_to_the_server_changes_no_object(organisation: Organisation) -> None:
    _assert_same(organisation.file, organisation.read("moved", FILE))
    moved = organisation.read("moved", organisation.over_ldap(organisation.server.ldaps))
    assert moved.objects == organisation.file.objects
    assert moved.members == organisation.file.members


@requires_slapd
def test_a_dump_of_the_server_read_as_a_file_gives_the_same_objects(organisation: Organisation) -> None:
    dump = organisation.server.dump()
    (organisation.folder / "dump.ldif").write_bytes(dump)
    records = dump.count(b"\ndn:") + dump.startswith(b"dn:")
    read = organisation.read("dump", {"ldif": {"path": "dump.ldif", "entries": records}})
    assert len(read.objects) > PEOPLE - PEOPLE // 20
    _assert_same(organisation.file, read)
