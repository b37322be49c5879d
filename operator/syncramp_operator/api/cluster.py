"""The few calls that are made to an API server beside Kopf's own, through the official client.

Every call has a time-out, which the client itself does not set. What goes wrong becomes one of the errors below.
Their texts are made of what was asked for and of the status code alone, never of what the client or a proxy says,
because Kopf and people write texts of exceptions onto resources.

The calls block. The operator makes them in threads (:func:`asyncio.to_thread`); the process of a run makes them as
they are.
"""

import json
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from syncramp.errors import Retry, Stalled
from syncramp_operator.api.resources import Object, Resource

MERGE = "application/merge-patch+json"
CONNECT, READ = 5, 30
"""Seconds until a connection, and between two pieces of an answer."""
_NO_PLACE = 404
_CONFLICT = 409
_FORBIDDEN = (401, 403)


class ClusterUnavailable(Retry):
    """The API server did not answer, or failed."""

    reason = "ClusterUnavailable"


class ObjectMissing(ClusterUnavailable):
    """There is no such object."""

    reason = "ObjectMissing"


class ObjectConflict(ClusterUnavailable):
    """It is there already, or was changed since it was read."""

    reason = "ObjectConflict"


class ClusterRefused(Stalled):
    """The API server refuses: a right is missing, or what was written is not acceptable to it."""

    reason = "ClusterRefused"


class Cluster:
    """One API server, with the rights of whoever the configuration names.

    :param answer: seconds between two pieces of an answer, at most.
    """

    def __init__(self, configuration: client.Configuration, answer: float = READ) -> None:
        configuration.retries = 0  # urllib3 would repeat even a PUT, and each time-out three times
        self._client = client.ApiClient(configuration)
        self._answer = answer

    def get(self, resource: Resource, namespace: str, name: str) -> Object:
        """One object.

        :raises ObjectMissing: there is none.
        """
        return self._asked("GET", resource, namespace, name)

    def list(self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Object]:
        """All objects of a namespace (empty: of all), by a selector of labels and one of fields."""
        asked = {"labelSelector": labels, "fieldSelector": fields}
        found: list[Object] = self._asked("GET", resource, namespace, query=asked)["items"]
        return found

    def create(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Object:
        """A new object, as it is stored.

        :raises ObjectConflict: its name is taken.
        """
        return self._asked("POST", resource, namespace, body=body)

    def replace(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Object:
        """The object as it is to be, with the resourceVersion that was read.

        :raises ObjectConflict: it was changed since.
        """
        return self._asked("PUT", resource, namespace, body["metadata"]["name"], body=body)

    def patch(
        self, resource: Resource, namespace: str, name: str, body: Mapping[str, Any], subresource: str = ""
    ) -> Object:
        """A merge patch, of the object or of its ``status``; lists in it are whole.

        :raises ObjectConflict: it names a resourceVersion that is not the newest.
        """
        return self._asked("PATCH", resource, namespace, name, subresource, body=body, media=MERGE)

    def delete(
        self, resource: Resource, namespace: str, name: str, *, uid: str = "", foreground: bool = False
    ) -> None:
        """Delete it, and what it owns; one that is gone already is no error.

        :param uid: only if it is this very one.
        :param foreground: it stays until what it owns is gone, as a Job until its Pod has ended.
        """
        policy = "Foreground" if foreground else "Background"
        options: Object = {"propagationPolicy": policy} | ({"preconditions": {"uid": uid}} if uid else {})
        try:
            self._asked("DELETE", resource, namespace, name, body=options)
        except ObjectMissing:
            return

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()  # type: ignore[no-untyped-call]

    def _asked(
        self,
        method: str,
        resource: Resource,
        namespace: str,
        name: str = "",
        subresource: str = "",
        *,
        body: Mapping[str, Any] | None = None,
        media: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Object:
        place = f"/namespaces/{namespace}" if namespace else ""
        path = "/".join(part for part in (f"{resource.root}{place}/{resource.plural}", name, subresource) if part)
        asked = urlencode({key: value for key, value in (query or {}).items() if value})
        about = f"{method} {resource.full} {f'{namespace}/{name}'.strip('/')}".strip()
        status, text = self._sent(method, f"{path}?{asked}" if asked else path, body, media, about)
        if status >= 300:
            raise _refusal(status, about)
        try:
            answer: Object = json.loads(text)
        except ValueError:  # a proxy with a page of its own
            raise _unavailable(about) from None
        return answer

    def _sent(
        self, method: str, path: str, body: Mapping[str, Any] | None, media: str, about: str
    ) -> tuple[int, bytes]:
        """The status of an answer, and what it says."""
        request = self._client.param_serialize(
            method,
            path,
            header_params={"Accept": "application/json", "Content-Type": media},
            query_params=[],
            body=dict(body) if body is not None else None,
            auth_settings=["BearerToken"],
        )
        try:
            response = self._client.call_api(*request, _request_timeout=(CONNECT, self._answer))
            return response.status, response.read()  # type: ignore[no-untyped-call]
        except (ApiException, HTTPError, OSError):
            raise _unavailable(about) from None


def connected(answer: float = READ) -> Cluster:
    """The cluster that this process sees: the one it runs in, else that of ``KUBECONFIG``, as Kopf chooses too.

    :param answer: see :class:`Cluster`.
    :raises ClusterRefused: it sees none.
    """
    configuration = client.Configuration()
    try:
        try:
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        except config.ConfigException:
            file = os.environ.get("KUBECONFIG") or None  # the library reads it when it is imported
            config.load_kube_config(file, client_configuration=configuration)  # type: ignore[no-untyped-call]
    except (config.ConfigException, OSError):
        raise ClusterRefused(
            "no cluster is to be seen", where="KUBECONFIG", remedy="name a kubeconfig, or run in a Pod"
        ) from None
    return Cluster(configuration, answer)


def _unavailable(about: str) -> ClusterUnavailable:
    return ClusterUnavailable("the API server did not answer", where=about, remedy="it is asked again")


def _refusal(status: int, about: str) -> ClusterUnavailable | ClusterRefused:
    if status == _NO_PLACE:
        return ObjectMissing("there is no such object", where=about)
    if status == _CONFLICT:
        return ObjectConflict("it is there already, or was changed meanwhile", where=about)
    if status in _FORBIDDEN:
        return ClusterRefused(
            f"the API server forbids it ({status})", where=about, remedy="give the service account this right"
        )
    if status >= 500 or status == 429:
        return ClusterUnavailable(f"the API server failed ({status})", where=about, remedy="it is asked again")
    return ClusterRefused(f"the API server does not take it ({status})", where=about, remedy="apply the CRDs anew")
