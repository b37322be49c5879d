"""A double of the Kubernetes API server on loopback: what Kopf and the official client ask for, and no laxer.

It runs in a thread with a loop of its own (in the operator's loop, its open watches would count as the operator's
hung tasks). Roles are enforced as they are stored: a service account may do what a Role that is bound to it allows,
else 403. Discovery is free. Every request is kept, with who made it and what became of it.
"""

import asyncio
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from support.kube_api_errors import Refused
from support.kube_api_objects import (
    NAMESPACES,
    RESOURCES,
    ROLE_BINDINGS,
    ROLES,
    SYNCCONFIGS,
    Key,
    Objects,
    Resource,
)

ADMIN = "admin"
ADMIN_TOKEN = "token-of-the-admin"

Object = dict[str, Any]


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


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was made; discovery is not kept."""

    user: str
    verb: str
    group: str
    resource: str
    name: str
    allowed: bool


class KubeApi:
    """The server; from other threads only ``url``, ``calls`` and ``plant`` are of use."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[Call] = []
        self._tokens = {ADMIN_TOKEN: ADMIN}
        self._loop = asyncio.new_event_loop()
        self._objects = Objects()

    @contextmanager
    def running(self) -> Iterator["KubeApi"]:
        """Serve until the end of the block."""
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        runner = web.AppRunner(self._application(), shutdown_timeout=0.1)
        asyncio.run_coroutine_threadsafe(self._start(runner), self._loop).result(10)
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self._end(runner), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(10)
            self._loop.close()

    def plant(self, body: Object) -> None:
        """Store a SyncConfig as if it were older than the rules."""

        async def plant() -> None:
            self._objects.plant(body)

        asyncio.run_coroutine_threadsafe(plant(), self._loop).result(10)

    def calls_of(self, user: str) -> list[Call]:
        """What one user asked for."""
        return [call for call in self.calls if call.user == user]

    async def _start(self, runner: web.AppRunner) -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def _end(self, runner: web.AppRunner) -> None:
        """Nothing is left in the loop: watches wait for news that never come."""
        await runner.cleanup()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _application(self) -> web.Application:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            user = self._user(request)
            parts = request.path.strip("/").split("/")
            if len(parts) <= 3 and (found := self._discovery(parts)):
                return web.json_response(found)
            if (target := _target(parts)) is None or not self._objects.served(target.resource):
                return web.Response(status=404, text="404 page not found")
            verb = _verb(request, target)
            self._authorise(user, verb, target)
            if verb == "watch":
                return await self._watch(request, target)
            body = await _body(request)
            code, answer, warnings = self._done(verb, target, request.content_type, body)
            headers = [("Warning", f"299 - {json.dumps(text)}") for text in warnings]
            return web.json_response(answer, status=code, headers=headers)
        except Refused as refused:
            return web.json_response(refused.body, status=refused.code)

    def _user(self, request: web.Request) -> str:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self._tokens:
            raise Refused(401, "Unauthorized", "Unauthorized")
        return self._tokens[token]

    def _discovery(self, parts: list[str]) -> Object | None:
        served = [resource for resource in RESOURCES if self._objects.served(resource)]
        match parts:
            case ["api"]:
                return {"kind": "APIVersions", "versions": ["v1"]}
            case ["apis"]:
                groups = {(resource.group, resource.version) for resource in served if resource.group}
                return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*pair) for pair in groups]}
            case ["api", version] | ["apis", _, version]:
                group = parts[1] if parts[0] == "apis" else ""
                here = [resource for resource in served if (resource.group, resource.version) == (group, version)]
                rows = [row for resource in here for row in _rows(resource)]
                return {"kind": "APIResourceList", "groupVersion": parts[-1], "resources": rows} if rows else None
        return None

    def _authorise(self, user: str, verb: str, target: Target) -> None:
        allowed = user == ADMIN or any(_allows(rule, verb, target) for rule in self._rules(user, target.namespace))
        group = target.resource.group
        self.calls.append(Call(user, verb, group, target.plural, target.name, allowed))
        if not allowed:
            name = f' "{target.name}"' if target.name else ""
            place = f'in the namespace "{target.namespace}"' if target.namespace else "at the cluster scope"
            raise Refused(
                403,
                "Forbidden",
                f'{target.resource.full}{name} is forbidden: User "{user}" cannot {verb} resource "{target.plural}" '
                f'in API group "{group}" {place}',
            )

    def _rules(self, user: str, namespace: str) -> Iterator[Object]:
        """The rules of all Roles of a namespace that are bound to a service account."""
        for binding in self._objects.listed(ROLE_BINDINGS, namespace) if namespace else ():
            accounts = [f"system:serviceaccount:{one['namespace']}:{one['name']}" for one in binding["subjects"]]
            role = self._objects.held.get(Key(ROLES, namespace, binding["roleRef"]["name"]))
            if user in accounts and role:
                yield from role["rules"]

    def _done(self, verb: str, target: Target, media_type: str, body: Any) -> tuple[int, Object, list[str]]:
        objects, resource = self._objects, target.resource
        key = Key(resource, target.namespace, target.name)
        match verb:
            case "get":
                return 200, objects.get(key), []
            case "list":
                metadata = {"resourceVersion": str(objects.version)}
                items = objects.listed(resource, target.namespace)
                head = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": metadata}
                return 200, head | {"items": items}, []
            case "create" if target.subresource == "token":
                return 201, {"kind": "TokenRequest", "status": {"token": self._token_of(key)}}, []
            case "create":
                return 201, *objects.create(resource, target.namespace, body)
            case "patch":
                return 200, *objects.patch(key, target.subresource, media_type, body)
            case "delete":
                return 200, objects.delete(key), []
        raise Refused(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")

    def _token_of(self, key: Key) -> str:
        self._objects.get(key)
        token = secrets.token_urlsafe()
        self._tokens[token] = f"system:serviceaccount:{key.namespace}:{key.name}"
        return token

    async def _watch(self, request: web.Request, target: Target) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        seen = int(request.query.get("resourceVersion") or 0)
        with suppress(ConnectionError):
            while True:
                news = self._objects.news
                for change in [change for change in self._objects.log if change.version > seen]:
                    if change.key.resource is target.resource and target.namespace in ("", change.key.namespace):
                        line = json.dumps({"type": change.kind, "object": change.object})
                        await response.write(line.encode() + b"\n")
                    seen = change.version
                await news.wait()
        return response


def _target(parts: list[str]) -> Target | None:
    group, version, rest = ("", parts[1], parts[2:]) if parts[0] == "api" else ("", "", [])
    if parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    namespace = ""
    if len(rest) > 2 and rest[0] == NAMESPACES.plural:
        namespace, rest = rest[1], rest[2:]
    plural, name, subresource, *more = [*rest, "", "", ""]
    found = [one for one in RESOURCES if (one.group, one.version, one.plural) == (group, version, plural)]
    if not found or any(more) or (subresource and subresource not in found[0].subresources):
        return None
    return Target(found[0], namespace, name, subresource)


def _verb(request: web.Request, target: Target) -> str:
    if request.method == "GET" and not target.name:
        return "watch" if request.query.get("watch") in ("true", "1") else "list"
    verbs = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
    return verbs.get(request.method, request.method.lower())


async def _body(request: web.Request) -> Any:
    text = await request.text()
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise Refused(400, "BadRequest", f"error decoding patch: {error}") from None


def _allows(rule: Object, verb: str, target: Target) -> bool:
    names = rule.get("resourceNames")
    return (
        target.resource.group in rule["apiGroups"]
        and target.plural in rule["resources"]
        and verb in rule["verbs"]
        and (not names or target.name in names)
    )


def _group(group: str, version: str) -> Object:
    served = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [served], "preferredVersion": served}


def _rows(resource: Resource) -> Iterator[Object]:
    common = {"kind": resource.kind, "namespaced": resource.namespaced}
    verbs = ["create", "delete", "get", "list", "patch", "watch"]
    yield common | {"name": resource.plural, "singularName": resource.kind.lower(), "verbs": verbs}
    if resource is SYNCCONFIGS:
        yield common | {"name": f"{resource.plural}/status", "singularName": "", "verbs": ["get", "patch"]}
