"""Requests to the API double: what a path, a method and a body mean."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from aiohttp import web

from support.kube_api_errors import Refused
from support.kube_api_faults import Fault
from support.kube_api_resources import NAMESPACES, Resource
from support.kube_api_store import Key

LARGEST = 3_145_728
"""Bytes of a request."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a path speaks of."""

    resource: Resource
    namespace: str
    name: str
    subresource: str

    @property
    def plural(self) -> str:
        """The resource as a Role names it."""
        return f"{self.resource.plural}/{self.subresource}" if self.subresource else self.resource.plural

    @property
    def key(self) -> Key:
        return Key(self.resource, self.namespace, self.name)


def target_of(resources: Sequence[Resource], parts: list[str]) -> Target:
    """What a path speaks of; 404 if there is no such thing, which is no Status where the group is unknown."""
    group, version, rest = ("", parts[1], parts[2:]) if parts[:1] == ["api"] and len(parts) > 1 else ("", "", [])
    if parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    known = [one for one in resources if (one.group, one.version) == (group, version)]
    if not known:
        raise web.HTTPNotFound(text="404 page not found")
    namespace = ""
    if len(rest) > 2 and rest[0] == NAMESPACES.plural and rest[2] not in NAMESPACES.subresources:
        namespace, rest = rest[1], rest[2:]
    plural, name, subresource, *more = [*rest, "", "", ""]
    found = [one for one in known if one.plural == plural]
    if not found or any(more) or (subresource and subresource not in found[0].subresources):
        raise Refused(404, "NotFound", "the server could not find the requested resource")
    return Target(found[0], namespace, name, subresource)


def continued(text: str) -> int:
    """Where a list goes on."""
    try:
        return int(base64.b64decode(text)) if text else 0
    except ValueError:
        raise Refused(400, "BadRequest", "continue key is not valid") from None


def failed(request: web.Request, fault: Fault) -> web.StreamResponse:
    """The answer that a test asked for, or none."""
    if fault.code == 0:
        if request.transport:
            request.transport.close()
        raise ConnectionResetError
    words = {429: "TooManyRequests", 503: "ServiceUnavailable", 504: "Timeout", 403: "Forbidden", 409: "Conflict"}
    raise Refused(fault.code, words.get(fault.code, "InternalError"), "a fault that a test asked for")


def verb_of(request: web.Request, target: Target) -> str:
    """The verb of RBAC that a request is."""
    if request.method in ("GET", "HEAD") and request.query.get("watch") in ("true", "1"):
        return "watch"
    if request.method in ("GET", "HEAD") and not target.name:
        return "list"
    if request.method == "DELETE" and not target.name:
        return "deletecollection"
    verbs = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
    verb = verbs.get(request.method, request.method.lower())
    nameless = verb in ("update", "patch") and not target.name
    if nameless or (verb == "create" and target.name and not target.subresource):
        raise Refused(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    return verb


async def body_of(request: web.Request, target: Target) -> Any:
    """What a request carries, as data."""
    if request.method in ("GET", "HEAD"):
        if request.content_type == "application/octet-stream" and "Content-Type" in request.headers:
            raise Refused(415, "UnsupportedMediaType", "the body of the request was in an unknown format")
        return None
    text = await request.read()
    if len(text) > LARGEST:
        raise Refused(413, "RequestEntityTooLarge", f"Request entity too large: limit is {LARGEST}")
    if not text:
        return None
    try:
        return yaml.safe_load(text) if request.content_type.endswith("yaml") else json.loads(text)
    except (ValueError, yaml.YAMLError) as error:
        what = "error decoding patch" if request.method == "PATCH" else "couldn't get version/kind; json parse error"
        told = what if request.method == "PATCH" else (
            f"the object provided is unrecognized (must be of type {target.resource.kind}): {what}"
        )  # fmt: skip
        raise Refused(400, "BadRequest", f"{told}: {error}") from None
