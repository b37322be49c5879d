"""The CRD: its copy, the promises every field keeps, its defaults, and a document as frozen types."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from support.documents import FOLDER, GONE, findings, full, loaded, minimal
from support.policies import FULL_RAMPS, FULL_WRITEBACK
from syncramp.model.features import Capability
from syncramp.model.values import Kind, Type
from syncramp.spec.failsafe import (
    ClearLimits,
    CreateLimits,
    DeleteLimits,
    DisableLimits,
    Failsafe,
    RemovalLimits,
    SignInLimits,
)
from syncramp.spec.references import KeyRef
from syncramp.spec.scheduling import Scheduling, SyncWindow, WindowKind
from syncramp.spec.schema import API_VERSION, CRDS, crd, schema, with_defaults
from syncramp.spec.sign_in import (
    AccountAuth,
    CertificateAuth,
    CertificateFormat,
    ClientSecretAuth,
    WorkloadIdentityAuth,
)
from syncramp.spec.structure import structure
from syncramp.spec.types import (
    ApprovalMode,
    Cloud,
    DeclaredAttribute,
    EndpointOverrides,
    Join,
    JoinBy,
    LdapAccess,
    LdifFile,
    LdifKey,
    Merge,
    Mode,
    ReadBackNames,
    Rule,
    Scope,
    SourceAnchor,
    SourceSpec,
    SyncConfig,
    Target,
    Values,
    WriteBudget,
)

ROOT = Path(__file__).parents[2]
HERE = Path("/srv/identity")
CLIENT = "0b1c2d3e-0000-4000-8000-000000000001"
LABS, ID = "DC=labs,DC=example,DC=com", "9f0c1d52-6b1e-4c53-8f0e-2f6a3a6f7c11"
DEFAULT_KINDS = frozenset({Kind.USER, Kind.GROUP, Kind.CONTACT})


def nodes(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every node of a schema with its path."""
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}" if path else name)
    if "items" in node:
        yield from nodes(node["items"], f"{path}[]")
    if "additionalProperties" in node:
        yield from nodes(node["additionalProperties"], f"{path}{{}}")


FIELDS = [
    pytest.param(path, node, id=f"{kind}.{path}")
    for kind in CRDS
    for path, node in nodes(schema(kind))
    if path and not path.startswith("metadata")
]


@pytest.mark.parametrize("name", CRDS.values())
def test_the_copy_in_the_package_is_the_crd_byte_for_byte(name: str) -> None:
    assert (ROOT / "reconciler/syncramp/spec" / name).read_bytes() == (ROOT / "crds" / name).read_bytes()


@pytest.mark.parametrize("kind", CRDS)
def test_the_crd_is_of_the_group_version_and_kind_that_documents_name(kind: str) -> None:
    spec = crd(kind)["spec"]
    (version,) = spec["versions"]
    assert f"{spec['group']}/{version['name']}" == API_VERSION
    assert spec["names"]["kind"] == kind
    assert crd(kind)["metadata"]["name"] == f"{spec['names']['plural']}.{spec['group']}" == CRDS[kind][:-5]


def test_what_a_syncconfig_shows_of_its_runs_has_the_schema_it_has_there() -> None:
    shown, told = (schema(kind)["properties"]["status"]["properties"] for kind in CRDS)
    assert [name for name in shown if shown[name] == told.get(name)] == [
        *("rampProgress", "ramps", "waiting", "sources"),
        *("serviceInterval", "lease"),
    ]


@pytest.mark.parametrize(("path", "node"), FIELDS)
def test_every_text_and_list_has_an_upper_limit_so_that_rules_have_a_bounded_cost(
    path: str, node: dict[str, Any]
) -> None:
    if node["type"] == "array":
        assert "maxItems" in node
    if "additionalProperties" in node:
        assert "maxProperties" in node
    if node["type"] == "string" and path not in ("apiVersion", "kind"):
        assert {"maxLength", "enum"} & node.keys() or node.get("format") == "date-time"


@pytest.mark.parametrize(("path", "node"), FIELDS)
def test_every_pattern_means_the_same_to_go_and_to_python(path: str, node: dict[str, Any]) -> None:
    pattern = node.get("pattern", "^$")
    assert pattern.startswith("^")
    assert pattern.endswith("$")
    assert not re.search(r"\(\?|\\[1-9dDsSwWbB]", pattern), "look-around, back-references and classes differ"
    re.compile(pattern)


def test_defaults_are_those_the_api_server_fills_in() -> None:
    filled = with_defaults(minimal())
    assert filled["spec"] == {
        "mode": "Sync",
        "suspend": False,
        "interval": "30m",
        "retryInterval": "5m",
        "runHistoryLimit": 10,
        "target": {
            "cloud": "Commercial",
            "tenantID": "57cf9f28-1ad7-40f4-bee8-d3ab9877f0a9",
            "auth": {
                "clientSecret": {
                    "clientID": "0b1c2d3e-0000-4000-8000-000000000001",
                    "secretKeyRef": {"name": "entra-sync", "key": "clientSecret"},
                }
            },
            "endpoint": {
                "version": "V2",
                "buildNumber": "2.6.92.0",
                "applicationID": "6eb59a73-39b2-4c23-a70f-e2e3ce8965b1",
                "values": "Typed",
                "objectsPerCall": 30,
                "callTimeout": "10m",
                "visibilityDelay": "30s",
                "unverified": False,
            },
            "writes": {"perFiveMinutes": 7000, "linksPerFiveMinutes": 150000, "share": 50},
        },
        "sources": [
            {
                "name": "corp",
                "ldif": {"path": "corp.ldif"},
                "scope": [{"dn": "DC=corp,DC=example,DC=com", "kinds": ["User", "Group", "Contact"]}],
            }
        ],
        "identity": {"sourceAnchor": "mS-DS-ConsistencyGuid", "writeBackAnchor": False},
        "groups": {"maxMembers": 250000, "denyPatterns": ["*deny*", "*block*", "*exclude*", "*break*glass*"]},
        "failsafe": {
            "deletes": {
                "count": 500,
                "percent": "10",
                "floor": 50,
                "groups": 20,
                "groupMembers": 100,
                "devices": 25,
            },
            "memberRemovals": {
                "percent": "30",
                "inGroupsLargerThan": 100,
                "perGroup": 5000,
                "emptiedAbove": 10,
                "perRun": 20000,
                "percentOfAll": "2",
            },
            "disables": {"count": 500},
            "signInAttributes": {"count": 500, "percent": "1"},
            "attributeClears": {"count": 500, "percent": "10", "floor": 50},
            "creates": {"count": 50, "percent": "0.1"},
            "effectiveAdds": 25000,
        },
        "approval": "Auto",
        "approvalExpiry": "72h",
    }


def test_a_null_stands_for_the_default_and_an_unknown_null_stays_to_be_refused() -> None:
    filled = with_defaults(minimal({"spec.mode": None, "spec.target.endpoint": None, "spec.moode": None}))
    assert filled["spec"]["mode"] == "Sync"
    assert filled["spec"]["target"]["endpoint"]["version"] == "V2"
    assert filled["spec"]["moode"] is None


def test_a_null_in_a_map_is_dropped_as_the_api_server_drops_it() -> None:
    filled = with_defaults(full({"spec.rules[1].set": {"company": "'A'", "title": None}}))
    assert filled["spec"]["rules"][1]["set"] == {"company": "'A'"}


@pytest.mark.parametrize("document", [full(), minimal()], ids=["full", "minimal"])
def test_filling_in_defaults_twice_changes_nothing_and_spares_the_original(document: dict[str, Any]) -> None:
    before = repr(document)
    once = with_defaults(document)
    assert with_defaults(once) == once
    assert repr(document) == before


def test_a_full_document_becomes_frozen_types() -> None:
    assert structure(with_defaults(loaded(FOLDER / "full.yaml").data), HERE) == SyncConfig(
        namespace="identity",
        name="full",
        mode=Mode.STAGING,
        interval=timedelta(hours=1),
        target=Target(
            cloud=Cloud.CHINA,
            tenant_id="57cf9f28-1ad7-40f4-bee8-d3ab9877f0a8",
            auth=CertificateAuth(CLIENT, "entra-sync", CertificateFormat.PKCS12),
            endpoint=EndpointOverrides(
                host="sync.example.com:8443",
                authority="https://login.example.com:8444",
                audience="https://example.com/sync",
                build_number="2.7.1.0",
                application_id="1651564e-7ce4-4d99-88be-0a65050d8dc3",
                ca=KeyRef("cloud-ca", "ca.pem"),
                visibility_delay=timedelta(seconds=90),
                read_back=ReadBackNames("Watermark", "IsLastPage"),
                values=Values.TEXT,
                objects_per_call=20,
                links_per_call=5000,
                call_timeout=timedelta(minutes=15),
                profile=KeyRef("china-wire", "wire.yaml"),
                unverified=True,
            ),
            writes=WriteBudget(14000, 75, 90000),
            verified_domains=frozenset({"contoso.com", "contoso.onmicrosoft.com"}),
            take_over="SERVER1",
            accept_loss=frozenset({Capability.PASSWORD_HASH_SYNC, Capability.DEVICE_WRITEBACK}),
            object_quota=400_000,
        ),
        sources=(
            SourceSpec(
                "corp",
                LdapAccess(
                    (
                        "ldaps://dc1.corp.example.com",
                        "ldap://dc2.corp.example.com:3389",
                        "ldaps://[2001:db8::1]:636",
                    ),
                    "ad-reader",
                    KeyRef("corp-ca", "root.crt"),
                    tracking="DirSync",
                ),
                (
                    Scope("OU=People,DC=corp,DC=example,DC=com", frozenset({Kind.USER, Kind.CONTACT})),
                    Scope("OU=Groups,DC=corp,DC=example,DC=com", frozenset({Kind.GROUP}), "(!(cn=tmp-*))"),
                ),
            ),
            SourceSpec(
                "labs",
                LdifFile(HERE / "export" / "labs.ldif", 41210),
                (Scope(LABS, DEFAULT_KINDS, None, UUID(ID), (f"OU=Old,{LABS}",), f"CN=Pilot,{LABS}"),),
            ),
        ),
        source_anchor=SourceAnchor.OBJECT_GUID,
        max_members=50000,
        ramps=FULL_RAMPS,
        deny_patterns=("*deny*", "*vip?"),
        failsafe=Failsafe(
            deletes=DeleteLimits(20, Decimal(5), 10, 2, 30, 0),
            member_removals=RemovalLimits(Decimal("20.5"), 40, 500, 5, 2000, Decimal(1)),
            disables=DisableLimits(100),
            sign_in=SignInLimits(60, Decimal("0.25")),
            clears=ClearLimits(70, Decimal(15), 7),
            creates=CreateLimits(8, Decimal(100)),
            effective_adds=9000,
        ),
        joins=(
            Join(frozenset({Kind.USER, Kind.CONTACT}), JoinBy.MAIL),
            Join(frozenset({Kind.USER}), JoinBy.EMPLOYEE_ID),
            Join(frozenset({Kind.USER}), None, "lower(entry.sAMAccountName)"),
        ),
        merges={"proxyAddresses": Merge.CASE_INSENSITIVE},
        approval=ApprovalMode.MANUAL,
        approval_expiry=timedelta(hours=12),
        approves=("3f2a91bc", "0123456789abcdef"),
        releases=frozenset({"Canary"}),
        attributes=(DeclaredAttribute("contosoBadge", Type.INTEGER, multi=True),),
        rules=(
            Rule(
                "no-service-accounts",
                10,
                Kind.USER,
                "corp",
                "entry.sAMAccountName.startsWith('svc-')",
                excludes=True,
            ),
            Rule("partners", 20, Kind.CONTACT, sets={"company": "'Contoso'"}, clears=("mobile",)),
        ),
        scheduling=Scheduling(
            suspend=True,
            retry_interval=timedelta(seconds=90),
            timeout=timedelta(hours=8),
            windows=(
                SyncWindow(WindowKind.ALLOW, "0 20 * * MON-FRI", timedelta(hours=10), "Europe/Paris"),
                SyncWindow(WindowKind.DENY, "30 0 28-31 * *", timedelta(hours=24), "UTC"),
            ),
            run_history=25,
        ),
        writeback=FULL_WRITEBACK,
    )


@pytest.mark.parametrize(("interval", "hours"), [("5m", 6), ("3h", 6), ("3h0m1s", 6.000555555555556), ("24h", 48)])
def test_a_run_may_last_at_least_twice_the_interval_where_nothing_is_said(interval: str, hours: float) -> None:
    document = minimal({"spec.interval": interval})
    assert findings(document) == []
    assert structure(with_defaults(document), HERE).scheduling.timeout == timedelta(hours=hours)


def test_an_ldif_file_may_stand_in_a_configmap() -> None:
    document = minimal({"spec.sources[0].ldif": {"configMapKeyRef": {"name": "people"}, "entries": 3}})
    assert findings(document) == []
    (source,) = structure(with_defaults(document), HERE).sources
    assert source.access == LdifKey(KeyRef("people", "directory.ldif"), 3)


def test_the_defaults_of_the_types_are_those_of_the_crd() -> None:
    config = structure(with_defaults(minimal()), HERE)
    assert config == SyncConfig(
        namespace="default",
        name="minimal",
        mode=Mode.SYNC,
        target=Target(
            Cloud.COMMERCIAL,
            "57cf9f28-1ad7-40f4-bee8-d3ab9877f0a9",
            ClientSecretAuth("0b1c2d3e-0000-4000-8000-000000000001", KeyRef("entra-sync", "clientSecret")),
        ),
        sources=(
            SourceSpec("corp", LdifFile(HERE / "corp.ldif"), (Scope("DC=corp,DC=example,DC=com", DEFAULT_KINDS),)),
        ),
        source_anchor=SourceAnchor.CONSISTENCY_GUID,
    )


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ({"certificate": {"clientID": CLIENT, "secretRef": {"name": "a"}}}, CertificateAuth(CLIENT, "a")),
        ({"workloadIdentity": {"clientID": CLIENT}}, WorkloadIdentityAuth(CLIENT)),
        (
            {"workloadIdentity": {"clientID": CLIENT, "tokenFile": "t/token"}},
            WorkloadIdentityAuth(CLIENT, HERE / "t" / "token"),
        ),
        ({"account": {"secretRef": {"name": "a"}}}, AccountAuth("a")),
        ({"account": {"secretRef": {"name": "a"}, "clientID": CLIENT}}, AccountAuth("a", CLIENT)),
    ],
)
def test_every_way_to_sign_in_becomes_a_type_of_its_own(auth: dict[str, Any], expected: Any) -> None:
    document = minimal({"spec.target.auth": auth})
    assert findings(document) == []
    assert structure(with_defaults(document), HERE).target.auth == expected


@pytest.mark.parametrize("namespace", [None, GONE])
def test_a_document_without_a_namespace_is_in_the_namespace_default(namespace: Any) -> None:
    document = full({"metadata.namespace": namespace})
    assert findings(document) == []
    assert structure(with_defaults(document), HERE).namespace == "default"


@pytest.mark.parametrize(
    ("path", "expected"),
    [("corp.ldif", "/srv/identity/corp.ldif"), ("../a/./b.ldif", "/srv/a/b.ldif"), ("/tmp/x.ldif", "/tmp/x.ldif")],
)
def test_a_path_is_relative_to_the_folder_of_the_document(path: str, expected: str) -> None:
    config = structure(with_defaults(minimal({"spec.sources[0].ldif.path": path})), HERE)
    assert config.sources[0].access == LdifFile(Path(expected))
