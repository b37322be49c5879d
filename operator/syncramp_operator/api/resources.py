"""The names that the operator, the process of a run and people share: kinds, annotations, labels.

Nothing here talks to a cluster.
"""

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
"""What the API server reads and writes."""
GROUP = "syncramp.io"
VERSION = "v1alpha1"
FINALIZER = f"{GROUP}/operator"


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of objects, as the API server serves it."""

    group: str
    version: str
    plural: str
    kind: str

    @property
    def api_version(self) -> str:
        """As an object names it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def root(self) -> str:
        """Where its group begins in a URL."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    @property
    def full(self) -> str:
        """As the API server's own messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


SYNCCONFIGS = Resource(GROUP, VERSION, "syncconfigs", "SyncConfig")
SYNCRUNS = Resource(GROUP, VERSION, "syncruns", "SyncRun")
SECRETS = Resource("", "v1", "secrets", "Secret")
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
EVENTS = Resource("", "v1", "events", "Event")
JOBS = Resource("batch", "v1", "jobs", "Job")
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
WEBHOOKS = Resource(
    "admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration"
)
ACCESS_REVIEWS = Resource("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview")

REQUESTED_AT = f"{GROUP}/requestedAt"
"""A new text asks for a run now."""
FORCE_AT = f"{GROUP}/forceAt"
"""A new text asks for a full run now: directories and tenant are read whole, and everything is judged anew."""
PLAN_AT = f"{GROUP}/planAt"
"""A new text asks for a run that only plans, whatever ``spec.mode`` says; the plan stands in its SyncRun."""

MANAGED_BY = {"app.kubernetes.io/managed-by": "syncramp"}
"""Label of every SyncRun and Job that the operator makes."""
CONFIG_LABEL = f"{GROUP}/config"
"""Label of a SyncRun, a Job and its Pods: the name of the SyncConfig."""
RUN_LABEL = f"{GROUP}/run"
"""Label of a Job and its Pods: the name of the SyncRun."""
