"""A checked document becomes frozen types; nothing is judged here any more."""

import os.path
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from syncramp.model.acceptances import ANNOTATION as ACCEPTS
from syncramp.model.acceptances import named_acceptances
from syncramp.model.approvals import ADOPTS, ANNOTATION, named_digests
from syncramp.model.features import Capability
from syncramp.model.orders import named_orders
from syncramp.model.stages import RELEASES, named_stages
from syncramp.model.values import Kind, Type
from syncramp.spec.durations import parse_duration
from syncramp.spec.failsafe import (
    ClearLimits,
    CreateLimits,
    DeleteLimits,
    DisableLimits,
    Failsafe,
    RemovalLimits,
    SignInLimits,
)
from syncramp.spec.policies import ramps_of
from syncramp.spec.references import KeyRef, key_of
from syncramp.spec.scheduling import TIMEOUT, Scheduling, SyncWindow, WindowKind
from syncramp.spec.sign_in import (
    AccountAuth,
    Auth,
    CertificateAuth,
    CertificateFormat,
    ClientSecretAuth,
    WorkloadIdentityAuth,
)
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
    SourceSpec,
    SyncConfig,
    Target,
    Values,
    WriteBudget,
)
from syncramp.spec.writeback import writeback_of

Body = Mapping[str, Any]


def structure(data: Body, folder: Path) -> SyncConfig:
    """The document as frozen types.

    :param data: accepted by ``check``, with its defaults.
    :param folder: what paths in it are relative to.
    """
    spec, metadata = data["spec"], data.get("metadata", {})
    sources = tuple(_source(source, folder) for source in spec["sources"])
    return SyncConfig(
        namespace=metadata.get("namespace") or "default",
        name=metadata["name"],
        mode=Mode(spec["mode"]),
        interval=parse_duration(spec["interval"]),
        target=_target(spec["target"], folder),
        sources=sources,
        source_anchor=spec["identity"]["sourceAnchor"],
        write_back_anchor=spec["identity"]["writeBackAnchor"],
        max_members=spec["groups"]["maxMembers"],
        ramps=ramps_of(spec["groups"].get("ramps", ()), parse_duration(spec["interval"])),
        deny_patterns=tuple(spec["groups"]["denyPatterns"]),
        failsafe=_failsafe(spec["failsafe"]),
        rules=tuple(map(rule_of, spec.get("rules", ()))),
        attributes=tuple(map(attribute_of, spec.get("attributes", ()))),
        joins=tuple(_join(join) for join in spec["identity"].get("joins", ())),
        merges={name: Merge(how) for name, how in spec["identity"].get("merge", {}).items()},
        approval=ApprovalMode(spec["approval"]),
        approval_expiry=parse_duration(spec["approvalExpiry"]),
        approves=named_digests((metadata.get("annotations") or {}).get(ANNOTATION, "")),
        adopts=named_digests((metadata.get("annotations") or {}).get(ADOPTS, "")),
        releases=named_stages((metadata.get("annotations") or {}).get(RELEASES, "")),
        accepts=named_acceptances((metadata.get("annotations") or {}).get(ACCEPTS, "")),
        orders=named_orders(metadata.get("annotations") or {}),
        scheduling=scheduling_of(spec),
        writeback=writeback_of(spec["writeback"]["groups"], sources) if "writeback" in spec else None,
    )


def scheduling_of(spec: Body) -> Scheduling:
    """When runs are made.

    :param spec: accepted by ``check``, with its defaults.
    """
    timeout = parse_duration(spec["timeout"]) if "timeout" in spec else None
    return Scheduling(
        suspend=spec["suspend"],
        retry_interval=parse_duration(spec["retryInterval"]),
        timeout=timeout or max(TIMEOUT, 2 * parse_duration(spec["interval"])),
        windows=tuple(map(window_of, spec.get("syncWindows", ()))),
        run_history=spec["runHistoryLimit"],
    )


def window_of(window: Body) -> SyncWindow:
    """One of ``spec.syncWindows``; accepted by the schema, with its defaults."""
    kind, duration = WindowKind(window["kind"]), parse_duration(window["duration"])
    return SyncWindow(kind, window["schedule"], duration, window["timeZone"])


def _target(target: Body, folder: Path) -> Target:
    writes = target["writes"]
    return Target(
        cloud=Cloud(target["cloud"]),
        tenant_id=target["tenantID"],
        auth=_auth(target["auth"], folder),
        endpoint=_endpoint(target["endpoint"]),
        writes=WriteBudget(writes["perFiveMinutes"], writes["share"], writes["linksPerFiveMinutes"]),
        verified_domains=frozenset(domain.lower() for domain in target.get("verifiedDomains", ())),
        take_over=target.get("takeOver", ""),
        accept_loss=frozenset(map(Capability, target.get("acceptLoss", ()))),
        object_quota=target.get("objectQuota"),
    )


def _auth(auth: Body, folder: Path) -> Auth:
    if certificate := auth.get("certificate"):
        form = CertificateFormat(certificate["format"])
        return CertificateAuth(certificate["clientID"], certificate["secretRef"]["name"], form)
    if secret := auth.get("clientSecret"):
        return ClientSecretAuth(secret["clientID"], _key(secret["secretKeyRef"]))
    if workload := auth.get("workloadIdentity"):
        file = workload.get("tokenFile")
        return WorkloadIdentityAuth(workload["clientID"], _path(folder, file) if file else None)
    account = auth["account"]
    return AccountAuth(account["secretRef"]["name"], account["clientID"])


def _endpoint(endpoint: Body) -> EndpointOverrides:
    return EndpointOverrides(
        host=endpoint.get("host"),
        authority=endpoint.get("authority"),
        audience=endpoint.get("audience"),
        build_number=endpoint["buildNumber"],
        application_id=endpoint["applicationID"],
        ca=key_of(endpoint.get("ca")),
        visibility_delay=parse_duration(endpoint["visibilityDelay"]),
        read_back=_read_back(endpoint.get("readBack", {})),
        values=Values(endpoint["values"]),
        objects_per_call=endpoint["objectsPerCall"],
        links_per_call=endpoint.get("linksPerCall"),
        call_timeout=parse_duration(endpoint["callTimeout"]),
        profile=_key(endpoint["profile"]["configMapKeyRef"]) if "profile" in endpoint else None,
        unverified=endpoint["unverified"],
    )


def _read_back(names: Body) -> ReadBackNames:
    return ReadBackNames(names.get("cookieMember"), names.get("moreMember"))


def _source(source: Body, folder: Path) -> SourceSpec:
    if ldap := source.get("ldap"):
        ca = key_of(ldap.get("tls", {}).get("ca"))
        access: LdapAccess | LdifFile | LdifKey
        bind = ldap["bind"]
        kerberos = bind.get("method") == "Kerberos"
        tracking = ldap.get("changeTracking", "Auto")
        access = LdapAccess(tuple(ldap["servers"]), bind["secretRef"]["name"], ca, kerberos, tracking)
    else:
        access = _ldif(source["ldif"], folder)
    return SourceSpec(source["name"], access, tuple(_scope(scope) for scope in source["scope"]))


def _ldif(ldif: Body, folder: Path) -> LdifFile | LdifKey:
    if reference := ldif.get("configMapKeyRef"):
        return LdifKey(KeyRef(reference["name"], reference["key"], config_map=True), ldif.get("entries"))
    return LdifFile(_path(folder, ldif["path"]), ldif.get("entries"))


def _path(folder: Path, path: str) -> Path:
    return Path(os.path.abspath(folder / path))  # noqa: PTH100 - resolve() fails on a loop of links


def _scope(scope: Body) -> Scope:
    return Scope(
        scope["dn"],
        frozenset(map(Kind, scope["kinds"])),
        scope.get("filter"),
        UUID(scope["guid"]) if "guid" in scope else None,
        tuple(scope.get("exclude", ())),
        scope.get("group"),
    )


def _failsafe(failsafe: Body) -> Failsafe:
    deletes, removals, clears = failsafe["deletes"], failsafe["memberRemovals"], failsafe["attributeClears"]
    sign_in, creates = failsafe["signInAttributes"], failsafe["creates"]
    return Failsafe(
        deletes=DeleteLimits(
            count=deletes["count"],
            percent=Decimal(deletes["percent"]),
            floor=deletes["floor"],
            groups=deletes["groups"],
            group_members=deletes["groupMembers"],
            devices=deletes["devices"],
        ),
        member_removals=RemovalLimits(
            percent=Decimal(removals["percent"]),
            in_groups_larger_than=removals["inGroupsLargerThan"],
            per_group=removals["perGroup"],
            emptied_above=removals["emptiedAbove"],
            per_run=removals["perRun"],
            percent_of_all=Decimal(removals["percentOfAll"]),
        ),
        disables=DisableLimits(failsafe["disables"]["count"]),
        sign_in=SignInLimits(sign_in["count"], Decimal(sign_in["percent"])),
        clears=ClearLimits(clears["count"], Decimal(clears["percent"]), clears["floor"]),
        creates=CreateLimits(creates["count"], Decimal(creates["percent"])),
        effective_adds=failsafe["effectiveAdds"],
    )


def attribute_of(attribute: Body) -> DeclaredAttribute:
    """One of ``spec.attributes``; accepted by the schema, with its defaults."""
    return DeclaredAttribute(attribute["name"], Type(attribute["type"]), attribute["multiValued"])


def rule_of(rule: Body) -> Rule:
    """One of ``spec.rules``; accepted by the schema."""
    return Rule(
        name=rule["name"],
        precedence=rule["precedence"],
        kind=Kind(rule["kind"]),
        source=rule.get("source"),
        when=rule.get("when"),
        excludes="exclude" in rule,
        sets=dict(rule.get("set", {})),
        clears=tuple(rule.get("clear", ())),
    )


def _join(join: Body) -> Join:
    by = JoinBy(join["by"]) if "by" in join else None
    return Join(frozenset(map(Kind, join["kinds"])), by, join.get("expression", ""))


def _key(reference: Body) -> KeyRef:
    return KeyRef(reference["name"], reference["key"])
