"""The Job of one run: a Pod that may do nothing but run it.

A store in SQLite lies on a claim that one node mounts at a time (ReadWriteOnce). So Pods with the same claim carry
its name as a label and want to be where such a Pod is; the first of them is anywhere. The operator's own Pod carries
the label too where it mounts that claim.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from syncramp.spec.mentions import mentioned
from syncramp_operator.api.resources import CONFIG_LABEL, GROUP, MANAGED_BY, RUN_LABEL, SYNCRUNS, Object
from syncramp_operator.execution.protocol import GRACE, deadline_of, travel_of
from syncramp_operator.settings import Settings

STATE_LABEL = f"{GROUP}/state"
"""Label of every Pod that mounts a claim with stores: the claim's name."""
KEPT = 3600
"""Seconds for which a Job stays when it is over, for whoever wants its log."""
SECRETS = "/etc/syncramp/secrets"
STATE = "/var/lib/syncramp"
TOKENS = "/var/run/secrets/azure/tokens"
"""Where the engine looks for the token of a workload identity, unless the document says otherwise."""
TOKEN_FILE = "azure-identity-token"  # noqa: S105 - a file
AUDIENCE = "api://AzureADTokenExchange"
"""What Entra ID wants a token of a cluster to be made for."""
TOKEN_LIFE = 3600
USER = 65532
"""As in the image: nobody in particular, and never root."""


def job_manifest(config: Mapping[str, Any], run: Mapping[str, Any], settings: Settings) -> Object:
    """The Job of a SyncRun.

    :param config: its SyncConfig; the Secrets that its spec names are mounted.
    :param run: the SyncRun, as it is stored.
    """
    metadata = run["metadata"]
    owner = {"apiVersion": SYNCRUNS.api_version, "kind": SYNCRUNS.kind, "controller": True}
    labels = {**MANAGED_BY, CONFIG_LABEL: config["metadata"]["name"], RUN_LABEL: metadata["name"]}
    about = {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "labels": labels,
        "ownerReferences": [{**owner, "name": metadata["name"], "uid": metadata["uid"]}],
    }
    spec = {
        "backoffLimit": 0,
        "activeDeadlineSeconds": int(deadline_of(config) + travel_of(config) + GRACE),
        "ttlSecondsAfterFinished": KEPT,
        "template": {
            "metadata": {"labels": labels | ({STATE_LABEL: settings.claim} if _has_claim(settings) else {})},
            "spec": _pod(config, run, settings),
        },
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": about, "spec": spec}


def _pod(config: Mapping[str, Any], run: Mapping[str, Any], settings: Settings) -> Object:
    volumes = list(_volumes(config["spec"], settings))
    mounts = [
        {"name": volume["name"], "mountPath": path, **({"readOnly": True} if "projected" in volume else {})}
        for path, volume in volumes
    ]
    alone = {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [_together(settings)]}}}
    return {
        **(alone if _has_claim(settings) else {}),
        "restartPolicy": "Never",
        "serviceAccountName": settings.runner_account,
        "terminationGracePeriodSeconds": int(travel_of(config) + GRACE),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(config, run, settings) | {"volumeMounts": mounts}],
        "volumes": [volume for _, volume in volumes],
    }


def _container(config: Mapping[str, Any], run: Mapping[str, Any], settings: Settings) -> Object:
    named = f"{run['metadata']['namespace']}/{run['metadata']['name']}"
    state = settings.state_of(run["metadata"]["namespace"], config["metadata"]["name"], STATE)
    server = [] if _has_claim(settings) else ["--state-secrets", STATE]
    lease = ["--lease", settings.tenant_leases]
    command = ["python", "-P", "-m", "syncramp_operator.runner", "--patch"]
    return {
        "name": "run",
        "image": settings.image,
        "command": [*command, "--run", named, "--secrets", SECRETS, "--state", state, *server, *lease],
        "env": [{"name": "SYNCRAMP_HOME", "value": settings.home}],
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "4Gi"}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _has_claim(settings: Settings) -> bool:
    """The stores are files; those of a server are on no volume."""
    return not settings.state_secret


def _together(settings: Settings) -> Object:
    selector = {"matchLabels": {STATE_LABEL: settings.claim}}
    return {"labelSelector": selector, "topologyKey": "kubernetes.io/hostname"}


def _volumes(spec: Mapping[str, Any], settings: Settings) -> Iterator[tuple[str, Object]]:
    """Where each volume is mounted. A Secret and a ConfigMap of one name are one folder, and the Secret's keys count:
    of the sources of a projected volume the last one does.
    """
    names = mentioned(spec)
    for number, name in enumerate(sorted({*names.config_maps, *names.secrets})):
        sources = [{"configMap": {"name": name}}] * (name in names.config_maps)
        sources += [{"secret": {"name": name}}] * (name in names.secrets)
        volume = {"name": f"secret-{number}", "projected": {"defaultMode": 0o440, "sources": sources}}
        yield f"{SECRETS}/{name}", volume
    if "workloadIdentity" in spec["target"]["auth"]:
        token = {"audience": AUDIENCE, "expirationSeconds": TOKEN_LIFE, "path": TOKEN_FILE}
        yield TOKENS, {"name": "azure-token", "projected": {"sources": [{"serviceAccountToken": token}]}}
    if settings.state_secret:
        key: Object = {"name": settings.state_secret, "items": [{"key": "uri", "path": "uri"}]}
        server: Object = {"defaultMode": 0o440, "sources": [{"secret": key}]}
        yield f"{STATE}/{settings.state_secret}", {"name": "state", "projected": server}
    if _has_claim(settings):
        yield STATE, {"name": "state", "persistentVolumeClaim": {"claimName": settings.claim}}
    yield "/tmp", {"name": "tmp", "emptyDir": {}}  # noqa: S108 - the Pod's own
