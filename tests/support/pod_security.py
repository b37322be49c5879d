"""The Pod security standard ``restricted`` of Kubernetes (v1.36), as far as Pods of ours may break it.

https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from collections.abc import Iterator
from typing import Any

_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def violations(pod: dict[str, Any]) -> list[str]:
    """What a namespace that enforces the standard would refuse in the spec of a Pod."""
    return [*_of_pod(pod), *(said for one in _containers(pod) for said in _of_container(one, pod))]


def _of_pod(pod: dict[str, Any]) -> Iterator[str]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(name):
            yield name
    for volume in pod.get("volumes", ()):
        if not set(volume) - {"name"} <= _VOLUMES:
            yield f"volume {volume['name']}"
    context = pod.get("securityContext", {})
    if context.get("sysctls") or context.get("runAsUser") == 0:
        yield "securityContext of the Pod"


def _of_container(container: dict[str, Any], pod: dict[str, Any]) -> Iterator[str]:
    own, around = container.get("securityContext", {}), pod.get("securityContext", {})
    context = around | own
    wanted = {
        "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
        "privileged": not own.get("privileged"),
        "runAsNonRoot": context.get("runAsNonRoot") is True,
        "runAsUser": context.get("runAsUser") != 0,
        "seccompProfile": context.get("seccompProfile", {}).get("type") in ("RuntimeDefault", "Localhost"),
        "capabilities": own.get("capabilities", {}).get("drop") == ["ALL"] and not own["capabilities"].get("add"),
        "hostPort": not any("hostPort" in port for port in container.get("ports", ())),
    }
    yield from (f"{name} of {container['name']}" for name, kept in wanted.items() if not kept)


def _containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod.get("initContainers", ()), *pod["containers"]]
