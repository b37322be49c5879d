"""The verdict on documents: what it says, and where. That it holds for any input is told in ``test_verdict_any``."""

from pathlib import Path
from typing import Any

import pytest

from support.documents import EXAMPLES, FOLDER, GONE, LDAP, findings, loaded, minimal, said
from syncramp.check import Finding, load, verdict
from syncramp.errors import InputRefused
from syncramp.spec.document import read_documents

DN = "spec.sources[0].scope[0].dn"
FILTER = "spec.sources[0].scope[0].filter"
SERVER = "spec.sources[0].ldap.servers[0]"
ENDPOINT = "spec.target.endpoint"


def one(changes: dict[str, Any]) -> Finding:
    """The one finding of a document with changes."""
    (found,) = findings(minimal(changes))
    assert found.remedy
    return found


def judged(tmp_path: Path, text: str) -> list[list[Finding]]:
    """The findings of each document of a file."""
    file = tmp_path / "judged.yaml"
    file.write_text(text, encoding="utf-8")
    return [verdict(document) for document in read_documents(str(file))]


@pytest.mark.parametrize("path", [*FOLDER.glob("[fm]*.yaml"), EXAMPLES / "good.yaml"], ids=lambda path: path.name)
def test_good_documents_have_no_findings(path: Path) -> None:
    assert verdict(loaded(path)) == []
    assert load(str(path)).name


def test_unknown_fields_are_refused_as_kubectl_does_with_the_field_that_was_meant() -> None:
    told = [(found.line, found.path, found.reason, found.remedy) for found in verdict(loaded(FOLDER / "typos.yaml"))]
    assert told == [
        (6, "metadata.lables", 'unknown field "metadata.lables"', "did you mean labels?"),
        (7, "specs", 'unknown field "specs"', "did you mean spec?"),
        (9, "spec.moode", 'unknown field "spec.moode"', "did you mean mode?"),
        (10, "spec.target.tenantID", "Required value", told[3][3]),
        (11, "spec.target.tenantId", 'unknown field "spec.target.tenantId"', "did you mean tenantID?"),
        (15, "spec.target.auth.clientSecret.secretKeyRef", 'must be of type object: "string"', told[5][3]),
        (18, "spec.sources[0].ldif.pathh", 'unknown field "spec.sources[0].ldif.pathh"', "did you mean path?"),
        (20, f"{FILTER[:-6]}filtre", f'unknown field "{FILTER[:-6]}filtre"', "did you mean filter?"),
    ]  # fmt: skip


def test_an_unknown_field_like_no_other_is_told_which_there_are() -> None:
    assert one({"spec.groups.xyz": 5}).remedy == "remove it; known fields are maxMembers, denyPatterns, ramps"


@pytest.mark.parametrize(
    ("changes", "path", "reason"),
    [
        ({"apiVersion": "syncramp.io/v1"}, "apiVersion", "this release knows syncramp.io/v1alpha1 only"),
        ({"apiVersion": GONE}, "apiVersion", "Required value"),
        ({"apiVersion": 1}, "apiVersion", "this release knows syncramp.io/v1alpha1 only"),
        ({"kind": "Syncconfig"}, "kind", "this release knows SyncConfig only"),
        ({"kind": None}, "kind", "Required value"),
        ({"kind": "List"}, "kind", "a List is not read"),
        ({"kind": ["SyncConfig"]}, "kind", "this release knows SyncConfig only"),
    ],
)
def test_another_kind_of_document_is_told_so_and_nothing_else(
    changes: dict[str, Any], path: str, reason: str
) -> None:
    found = one({**changes, "spec.moode": 1})
    assert (found.path, found.reason) == (path, reason)


@pytest.mark.parametrize("text", ["5\n", "text\n", "- a\n", "[]\n"])
def test_a_document_that_is_no_object_is_told_so(tmp_path: Path, text: str) -> None:
    ((found,),) = judged(tmp_path, text)
    assert (found.path, found.reason, found.line) == ("", "this is no object", 1)


def test_each_document_of_a_file_is_judged_by_itself_with_lines_of_the_file() -> None:
    documents = read_documents(str(EXAMPLES / "several.yaml"))
    first, second, third = (verdict(document) for document in documents)
    assert first == []
    assert [found.line for found in second] == sorted(found.line or 0 for found in second)
    assert [(found.line, found.path) for found in third] == [(30, "apiVersion")]


def test_findings_stand_in_the_order_of_their_lines() -> None:
    assert [(found.line, found.path) for found in verdict(loaded(EXAMPLES / "germany.yaml"))] == [
        (8, "spec.target.cloud"),
        (14, "spec.target.endpoint.version"),
    ]


SHAPES: dict[str, tuple[Any, str]] = {
    "spec.mode": ("sync", 'Unsupported value: supported values: "Plan", "Staging", "Sync"'),
    "spec.sources": ([], "should have at least 1 items"),
    "spec.sources[0].name": ("Corp", "should match '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'"),
    "spec.sources[0].ldif": ("corp.ldif", 'must be of type object: "string"'),
    FILTER: ("", "should be at least 1 chars long"),
    "spec.target": (None, "Required value"),
    "spec.target.auth.clientSecret.clientID": ("57cf9f28", "must be of type uuid"),
    "spec.target.endpoint.visibilityDelay": (30, 'must be of type duration: "int64"'),
    "spec.target.writes.share": (101, "should be less than or equal to 100"),
    "spec.groups.maxMembers": ("50000", 'must be of type integer: "string"'),
    "spec.failsafe.deletes.count": (1.5, 'must be of type int32: "float64"'),
    "metadata.name": ("a" * 53, "Too long: may not be more than 52 bytes"),
    "metadata.namespace": ("a" * 64, "must be no more than 63 bytes"),
    "metadata.labels": ([], "must be of type object"),
    "metadata.finalizers": ("example.com/keep", "must be of type array"),
    "metadata.labels.a": (5, "must be of type string"),
    "metadata.annotations": ({"a": "x" * 300_000}, "Too long: may not be more than 262144 bytes"),
}


@pytest.mark.parametrize(("path", "value", "reason"), [(path, *shape) for path, shape in SHAPES.items()])
def test_a_wrong_shape_is_told_in_the_words_of_the_api_server(path: str, value: Any, reason: str) -> None:
    found = one({path: value})
    assert (found.path, found.reason) == (path, reason)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("Example.com/a", "prefix part a lowercase RFC 1123 subdomain must consist of"),
        ("/a", "prefix part a lowercase RFC 1123 subdomain must consist of"),
        ("a" * 254 + "/a", "prefix part must be no more than 253 bytes"),
        ("a" * 64, "name part must be no more than 63 bytes"),
        ("a/", "name part must consist of"),
        ("-a", "name part must consist of"),
    ],
)
def test_a_label_needs_a_key_that_the_api_server_takes(key: str, reason: str) -> None:
    data = minimal()
    data["metadata"]["labels"] = {key: ""}
    (found,) = findings(data)
    assert found.path == f"metadata.labels.{key}"
    assert found.reason.startswith(reason)


def test_an_annotation_may_be_written_in_capitals_and_a_label_may_not() -> None:
    data = minimal()
    data["metadata"]["annotations"] = {"Example.com/Owner": "anybody"}
    assert findings(data) == []


def test_what_kubectl_prints_of_a_stored_document_is_accepted() -> None:
    written = {
        "uid": "0b1c2d3e-0000-4000-8000-000000000001",
        "resourceVersion": "585",
        "creationTimestamp": "2026-11-24T10:00:00Z",
        "generation": 2,
        "managedFields": [{"manager": "kubectl", "operation": "Apply"}],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
    }
    ready = {"type": "Ready", "status": "True", "reason": "Accepted", "message": ""}
    status = {"conditions": [{**ready, "lastTransitionTime": "2026-11-24T10:00:00Z", "observedGeneration": 2}]}
    data = minimal({f"metadata.{name}": value for name, value in written.items()} | {"status": status})
    assert findings(data) == []


def test_two_sources_of_one_name_and_two_spellings_of_one_dn_are_found() -> None:
    source = minimal()["spec"]["sources"][0]
    assert said(minimal({"spec.sources[1]": source})) == {("spec.sources[1]", 'Duplicate value: {"name":"corp"}')}
    scopes = [{"dn": dn} for dn in ("OU=Müller,DC=corp", "ou=M\\C3\\BCLLER , dc=corp", "OU=Other,DC=corp")]
    found = one({"spec.sources[0].scope": scopes})
    assert found.path == "spec.sources[0].scope[1].dn"
    assert found.reason == "names the same entry as 'OU=Müller,DC=corp', which stands above"


def test_one_dn_may_stand_in_two_sources() -> None:
    source = minimal()["spec"]["sources"][0]
    assert findings(minimal({"spec.sources[1]": {**source, "name": "other"}})) == []


def test_the_same_spelling_twice_is_told_once() -> None:
    scope = {"dn": "DC=corp"}
    assert said(minimal({"spec.sources[0].scope": [scope, scope]})) == {
        ("spec.sources[0].scope[1]", 'Duplicate value: {"dn":"DC=corp"}')
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({DN: "corp"}, "is no distinguished name: expected 'type=value' at 'corp'"),
        ({DN: "OU=a\\"}, "is no distinguished name"),
        ({DN: "   "}, "is no distinguished name"),
        ({FILTER: "(cn=Smith"}, "is no LDAP filter: column 10: expected ')'"),
        ({FILTER: "cn=Smith"}, "is no LDAP filter: column 1: expected '('"),
        ({f"{ENDPOINT}.host": "localhost:0"}, "the port must be from 1 to 65535"),
        ({f"{ENDPOINT}.authority": "https://localhost:65536"}, "the port must be from 1 to 65535"),
    ],
)
def test_what_no_schema_can_judge_is_judged(changes: dict[str, Any], reason: str) -> None:
    found = one(changes)
    assert found.reason.startswith(reason)
    assert {found.path} == changes.keys()


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "sync.example.com:65535", "12345"])
def test_a_host_may_have_a_port(host: str) -> None:
    assert findings(minimal({f"{ENDPOINT}.host": host, f"{ENDPOINT}.authority": f"https://{host}"})) == []


@pytest.mark.parametrize(
    "server",
    [
        *(
            "http://dc1",
            "dc1",
            "ldaps://",
            "ldaps://dc1/",
            "ldaps://dc1/dc=corp??sub",
            "ldaps://dc1#x",
            "ldaps:// dc1",
        ),
        *("ldaps://dc1:0", "ldaps://dc1:65536", "ldaps://dc1:port", "ldaps://[::1]:0", "ldaps://[::1", "LDAPS://dc1"),
        *("ldaps://[1.2.3.4]", "ldaps://[dead]", "ldaps://[:::]", "ldaps://me:pw@dc1", "ldaps://dc1\n"),
    ],
)
def test_what_is_no_address_of_a_directory_is_refused(server: str) -> None:
    found = one({"spec.sources[0].ldif": GONE, "spec.sources[0].ldap": {**LDAP, "servers": [server]}})
    assert found.path == SERVER


@pytest.mark.parametrize("server", ["ldaps://dc1", "ldap://dc1:3389", "ldaps://[2001:db8::1]:636", "ldaps://[::1]"])
def test_the_address_of_a_directory_is_taken(server: str) -> None:
    changes = {"spec.sources[0].ldif": GONE, "spec.sources[0].ldap": {**LDAP, "servers": [server]}}
    assert findings(minimal(changes)) == []


def test_a_spec_is_no_larger_than_what_kubectl_can_apply() -> None:
    scopes = [{"dn": f"OU={number:04}{'x' * 900},DC=corp"} for number in range(64)]
    sources = [{"name": f"s{n}", "ldif": {"path": "a.ldif"}, "scope": scopes} for n in range(2)]
    found = one({"spec.sources": sources})
    assert (found.path, found.reason.startswith("Too long: ")) == ("spec", True)
    assert findings(minimal({"spec.sources": sources[:1]})) == []


def test_a_command_takes_one_document_that_is_acceptable(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="takes one SyncConfig, the file holds 3 documents"):
        load(str(EXAMPLES / "several.yaml"))
    with pytest.raises(InputRefused) as caught:
        load(str(EXAMPLES / "germany.yaml"))
    assert str(caught.value).count("\n") == 2
    assert "line 8: spec.target.cloud: \"Germany\": the German cloud" in str(caught.value)  # fmt: skip


def test_what_is_shown_is_short_and_cannot_move_a_cursor() -> None:
    assert one({"spec.mode": "x" * 5000}).value == '"' + "x" * 58 + "…"
    told = str(one({"spec.mode": "\x1b[2J\u202e\r"}))
    assert told.isprintable()
    assert str(one({"spec.a\x1b[2Jb": 1})).isprintable()


@pytest.mark.parametrize("name", ["userPassword", "unicodePwd", "ms-Mcs-AdmPwd", "msLAPS-Password"])
def test_what_holds_secrets_is_neither_an_anchor_nor_asked_for_by_a_filter(name: str) -> None:
    anchor = one({"spec.identity.sourceAnchor": name})
    assert (anchor.path, anchor.reason) == (
        "spec.identity.sourceAnchor",
        "holds secrets, which no anchor may tell the cloud",
    )
    found = one({FILTER: f"(&(objectClass=user)({name}=*))"})
    assert found.reason == f"{name.lower()} holds secrets, which are not read"


def test_an_anchor_that_cannot_be_written_back_is_told_what_to_choose() -> None:
    told = findings(minimal({"spec.identity": {"sourceAnchor": "employeeID", "writeBackAnchor": True}}))
    assert "remove sourceAnchor, or set writeBackAnchor: false" in {found.remedy for found in told}
