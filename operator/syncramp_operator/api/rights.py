"""The rights that the operator needs, and whether it has them: asked for at the start, told by name.

A missing right would show itself late, as a list that never comes or a status that is never written. So each is asked
of the API server (SelfSubjectAccessReview, which every account may do), and what is missing is told with the rule to
add. The Roles of ``manifests`` grant these and no others; a test compares them.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from syncramp_operator.api.cluster import ClusterRefused
from syncramp_operator.api.resources import (
    ACCESS_REVIEWS,
    CONFIG_MAPS,
    EVENTS,
    JOBS,
    LEASES,
    SECRETS,
    SYNCCONFIGS,
    SYNCRUNS,
    Object,
    Resource,
)
from syncramp_operator.settings import Execution, Settings

_CORE = '""'
"""How a Role writes the group without a name."""


class Where(StrEnum):
    """In which namespaces a right is needed."""

    WATCHED = "watched"
    """Where SyncConfigs are."""
    HOME = "home"
    """The operator's own."""


@dataclass(frozen=True, slots=True)
class Right:
    """What the operator does with one resource."""

    resource: Resource
    verbs: tuple[str, ...]
    where: Where = Where.WATCHED
    subresource: str = ""

    @property
    def name(self) -> str:
        """The resource as a Role names it."""
        return f"{self.resource.plural}/{self.subresource}" if self.subresource else self.resource.plural


@dataclass(frozen=True, slots=True)
class Missing:
    """Verbs that are not allowed."""

    right: Right
    verbs: tuple[str, ...]
    namespace: str
    """Empty: in the whole cluster."""

    def __str__(self) -> str:
        place = f"in the namespace {self.namespace}" if self.namespace else "in the whole cluster"
        kind = "Role" if self.namespace else "ClusterRole"
        rule = f"- apiGroups: [{self.right.resource.group or _CORE}]\n  resources: [{self.right.name}]"
        verbs = f"[{', '.join(self.verbs)}]"
        return (
            f"the operator may not {' or '.join(self.verbs)} {self._full} {place}; "
            f"add to its {kind}:\n{rule}\n  verbs: {verbs}"
        )

    @property
    def _full(self) -> str:
        group = self.right.resource.group
        return f"{self.right.name}.{group}" if group else self.right.name


_ALWAYS = (
    Right(SYNCCONFIGS, ("list", "watch", "patch")),
    Right(SYNCCONFIGS, ("patch",), subresource="status"),
    Right(SYNCRUNS, ("get", "list", "watch", "create", "delete")),
    Right(SYNCRUNS, ("patch",), subresource="status"),
    Right(SECRETS, ("get",)),
    Right(CONFIG_MAPS, ("get",)),
    Right(EVENTS, ("create",)),
    Right(LEASES, ("get", "create", "update"), Where.HOME),
)
_WITH_JOBS = (Right(JOBS, ("get", "list", "watch", "create", "delete")),)

RUNNERS = (
    Right(SYNCCONFIGS, ("get",)),
    Right(SYNCRUNS, ("get",)),
    Right(SYNCRUNS, ("patch",), subresource="status"),
    Right(LEASES, ("get", "create", "update"), Where.HOME),
)
"""What the process of a run needs when it is a Job: it has an account of its own, and its Secrets as files."""


def rights_of(execution: Execution) -> tuple[Right, ...]:
    """What the operator needs when it makes runs in this way."""
    return _ALWAYS + (_WITH_JOBS if execution is Execution.JOB else ())


class Reviewer(Protocol):
    """As :class:`~syncramp_operator.api.cluster.Cluster` creates objects."""

    def create(self, resource: Resource, namespace: str, body: Object) -> Object:
        """A review, with its verdict."""


async def missing_rights(cluster: Reviewer, settings: Settings) -> list[Missing]:
    """What the operator is not allowed, in the order of the table.

    :raises ClusterUnavailable: the API server does not answer.
    """
    asked = [(right, place) for right in rights_of(settings.execution) for place in _places(right, settings)]
    found = await asyncio.gather(*(_denied(cluster, right, place) for right, place in asked))
    return [Missing(right, verbs, place) for (right, place), verbs in zip(asked, found, strict=True) if verbs]


def refusal(missing: Sequence[Missing]) -> ClusterRefused:
    """The error that ends an operator without its rights."""
    listed = "\n".join(str(one) for one in missing)
    return ClusterRefused(f"rights are missing:\n{listed}", remedy="apply the manifests of this release anew")


def _places(right: Right, settings: Settings) -> Iterable[str]:
    return (settings.home,) if right.where is Where.HOME else settings.namespaces or ("",)


async def _denied(cluster: Reviewer, right: Right, namespace: str) -> tuple[str, ...]:
    def ask(verb: str) -> bool:
        answer = cluster.create(ACCESS_REVIEWS, "", _review(right, verb, namespace))
        return bool(answer.get("status", {}).get("allowed"))

    allowed = await asyncio.gather(*(asyncio.to_thread(ask, verb) for verb in right.verbs))
    return tuple(verb for verb, granted in zip(right.verbs, allowed, strict=True) if not granted)


def _review(right: Right, verb: str, namespace: str) -> Object:
    resource = right.resource
    attributes = {"verb": verb, "group": resource.group, "version": resource.version, "resource": resource.plural}
    attributes |= {"namespace": namespace} if namespace else {}
    attributes |= {"subresource": right.subresource} if right.subresource else {}
    return {
        "apiVersion": ACCESS_REVIEWS.api_version,
        "kind": ACCESS_REVIEWS.kind,
        "spec": {"resourceAttributes": attributes},
    }
