"""What an API server keeps of SyncRuns, Secrets and Jobs, without the server: for tests of what talks to one."""

import copy
import threading
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.kube_api_patches import merged
from syncramp_operator.api.cluster import ClusterUnavailable, ObjectConflict, ObjectMissing
from syncramp_operator.api.resources import CONFIG_MAPS, SECRETS, SYNCRUNS, Resource

Object = dict[str, Any]
OVER = ("Succeeded", "Incomplete", "Failed", "Cancelled")


class Ledger:
    """Objects by plural and name; each status that a SyncRun ever had is kept."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Object] = {}
        self.seen: list[Object] = []
        self.down = False
        """It does not answer."""
        self._lock = threading.Lock()

    def shelve(self, folder: Path) -> None:
        """Secrets out of a folder, ``DIR/<name>/<key>``, each as both kinds."""
        for place in folder.iterdir():
            keys = {path.name: path.read_bytes() for path in place.iterdir()}
            encoded = {key: b64encode(value).decode() for key, value in keys.items()}
            self.objects[SECRETS.plural, place.name] = {"data": encoded}
            self.objects[CONFIG_MAPS.plural, place.name] = {"binaryData": encoded}

    def get(self, resource: Resource, namespace: str, name: str) -> Object:
        with self._lock:
            self._look()
            if (resource.plural, name) not in self.objects:
                raise ObjectMissing("there is no such object")
            return copy.deepcopy(self.objects[resource.plural, name])

    def list(self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Object]:
        name = fields.removeprefix("metadata.name=")
        return [self.get(resource, namespace, name)] if (resource.plural, name) in self.objects else []

    def create(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Object:
        key = resource.plural, body["metadata"]["name"]
        with self._lock:
            self._look()
            if key in self.objects:
                raise ObjectConflict("it is there already")
            self.objects[key] = copy.deepcopy(dict(body))
            return copy.deepcopy(self.objects[key])

    def patch(
        self, resource: Resource, namespace: str, name: str, body: Mapping[str, Any], subresource: str = ""
    ) -> Object:
        assert subresource == "status"
        old = self.get(resource, namespace, name)
        with self._lock:
            new: Object = merged(old, dict(body))
            phase = old.get("status", {}).get("phase")
            assert phase not in OVER or new["status"]["phase"] == phase, "a phase that is over changed"
            assert new["status"].get("phase") not in OVER or "completionTime" in new["status"]
            self.objects[resource.plural, name] = new
            if resource is SYNCRUNS:
                self.seen.append(new["status"])
            return new

    def delete(
        self, resource: Resource, namespace: str, name: str, *, uid: str = "", foreground: bool = False
    ) -> None:
        with self._lock:
            self._look()
            self.objects.pop((resource.plural, name), None)

    def status(self, name: str) -> Object:
        """Of a SyncRun."""
        found: Object = self.objects[SYNCRUNS.plural, name].get("status", {})
        return found

    def _look(self) -> None:
        if self.down:
            raise ClusterUnavailable("the API server did not answer")
