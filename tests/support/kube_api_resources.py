"""The kinds that the API double serves: those a cluster has anyway, and those that CRDs bring.

A kind says here how it differs from others: whether it counts generations, whether a PUT may leave the version out,
which fields may be selected by, what its subresources are. Their shapes are those of the official client's models.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes import client

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of objects, and where it is served."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    subresources: tuple[str, ...] = ()
    generation: bool = False
    """Whether ``metadata.generation`` counts its changes."""
    unconditional: bool = True
    """Whether a PUT may leave out the resourceVersion."""
    fields: tuple[str, ...] = ()
    """What may be selected by, beside name and namespace."""
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    custom: bool = False
    """Brought by a CRD."""
    verbs: tuple[str, ...] = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")

    @property
    def full(self) -> str:
        """As messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def model(self) -> Any:
        """The official client's model of it; none of what a CRD brings."""
        return None if self.custom else getattr(client, {"Event": "CoreV1Event"}.get(self.kind, f"V1{self.kind}"))


def _rbac(plural: str, kind: str, *, namespaced: bool) -> Resource:
    return Resource("rbac.authorization.k8s.io", "v1", plural, kind, namespaced)


def _review(group: str, plural: str, kind: str) -> Resource:
    return Resource(group, "v1", plural, kind, False, verbs=("create",))


CRDS = Resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", False, ("status",), True,
    unconditional=False, short=("crd", "crds"),
)  # fmt: skip
NAMESPACES = Resource(
    "", "v1", "namespaces", "Namespace", False, ("status",), fields=("status.phase",), short=("ns",)
)
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount", subresources=("token",), short=("sa",))
EVENTS = Resource(
    "", "v1", "events", "Event", short=("ev",),
    fields=("type", "reason", "reportingComponent", "source", *(f"involvedObject.{name}" for name in (
        "apiVersion", "fieldPath", "kind", "name", "namespace", "resourceVersion", "uid",
    ))),
)  # fmt: skip
SECRETS = Resource("", "v1", "secrets", "Secret", fields=("type",))
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap", short=("cm",))
PODS = Resource(
    "", "v1", "pods", "Pod", subresources=("status",), generation=True, short=("po",),
    fields=("spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "status.phase", "status.podIP"),
)  # fmt: skip
JOBS = Resource(
    "batch", "v1", "jobs", "Job", subresources=("status",), generation=True, fields=("status.successful",)
)
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease", unconditional=False)
ROLES = _rbac("roles", "Role", namespaced=True)
ROLE_BINDINGS = _rbac("rolebindings", "RoleBinding", namespaced=True)
CLUSTER_ROLES = _rbac("clusterroles", "ClusterRole", namespaced=False)
CLUSTER_ROLE_BINDINGS = _rbac("clusterrolebindings", "ClusterRoleBinding", namespaced=False)
OWN_ACCESS = _review("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview")

BUILTINS = (
    CRDS, NAMESPACES, SERVICE_ACCOUNTS, EVENTS, SECRETS, CONFIG_MAPS, PODS, JOBS, LEASES, ROLES, ROLE_BINDINGS,
    CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS, OWN_ACCESS,
    Resource("", "v1", "services", "Service", subresources=("status",), short=("svc",)),
    Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", subresources=("status",), short=("pvc",)),
    Resource("apps", "v1", "deployments", "Deployment", subresources=("status",), generation=True, short=("deploy",)),
    Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", subresources=("status",), generation=True,
             short=("pdb",)),
    Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", generation=True, short=("netpol",)),
    Resource("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations",
             "ValidatingWebhookConfiguration", False, generation=True),
    Resource("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies", "ValidatingAdmissionPolicy", False,
             ("status",), True, False),
    Resource("admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings",
             "ValidatingAdmissionPolicyBinding", False, generation=True, unconditional=False),
)  # fmt: skip
PEERINGS = Resource("kopf.dev", "v1", "kopfpeerings", "KopfPeering", custom=True)
"""Of other operators made with Kopf, which see to it by this that only one of them is at work."""


def served_by(crd: Mapping[str, Any]) -> Iterator[Resource]:
    """What a CRD serves."""
    spec, names = crd["spec"], crd["spec"]["names"]
    for version in spec["versions"]:
        if version["served"]:
            yield Resource(
                spec["group"],
                version["name"],
                names["plural"],
                names["kind"],
                spec["scope"] == "Namespaced",
                tuple(version.get("subresources", {})),
                generation=True,
                unconditional=False,
                fields=tuple(one["jsonPath"].removeprefix(".") for one in version.get("selectableFields", ())),
                short=tuple(names.get("shortNames", ())),
                categories=tuple(names.get("categories", ())),
                custom=True,
            )
