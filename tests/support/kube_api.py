"""A double of the Kubernetes API server on loopback: what Kopf, kubectl and the client ask for, and no laxer.

It runs in a thread with a loop of its own (in the operator's loop, its open watches would count as the operator's
hung tasks). Roles are enforced as they are stored: a service account may do what a Role that is bound to it allows,
else 403. Discovery is free. Every request is kept, with who made it and what became of it. ``faults`` make it fail,
be slow, or have another time; ``taken`` rights are nobody's.

What it answers was seen on a real kube-apiserver 1.36; the same scenarios run against one.
"""

import asyncio
import base64
import json
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp import web

from support.kube_api_discovery import discovered, openapi
from support.kube_api_errors import Refused
from support.kube_api_faults import Fault, Faults
from support.kube_api_objects import Objects, Options, Written
from support.kube_api_requests import LARGEST, Target, body_of, continued, failed, target_of, verb_of
from support.kube_api_resources import CRDS, NAMESPACES, OWN_ACCESS, Resource
from support.kube_api_rights import ADMIN, ADMIN_TOKEN, Attributes, Rights, refusal
from support.kube_api_selectors import named, selector
from support.kube_api_store import Key, Store
from support.kube_api_tables import table, wants_table
from support.kube_api_watch import lines
from support.ldap_certificates import issue

__all__ = ["ADMIN", "ADMIN_TOKEN", "Call", "KubeApi"]

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was made; discovery is not kept."""

    user: str
    verb: str
    group: str
    resource: str
    name: str
    allowed: bool
    namespace: str = ""


class KubeApi:
    """The server; other threads may use ``url``, ``calls``, ``faults`` and the methods without underline.

    :param namespaces: those that are there from the beginning.
    :param tls: whether it serves TLS with a certificate of its own; kubectl sends its token over nothing else.
    """

    def __init__(self, namespaces: Sequence[str] = ("default", "identity"), *, tls: bool = False) -> None:
        self.url = ""
        self.calls: list[Call] = []
        self.faults = Faults()
        self.certificates = issue("127.0.0.1") if tls else None
        self.authority: Path | None = None
        """The file of the authority that vouches for it."""
        self._folder = TemporaryDirectory(prefix="kube-api-")
        self._loop = asyncio.new_event_loop()
        self._store = Store(lambda: self.faults.skew)
        self._objects = Objects(self._store)
        self._rights = Rights(self._store)
        self._namespaces = namespaces
        self._cut = asyncio.Event()
        self._fresh: set[str] = set()

    @contextmanager
    def running(self) -> Iterator["KubeApi"]:
        """Serve until the end of the block."""
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        runner = web.AppRunner(self._application(), shutdown_timeout=0.1)
        self._done(self._start(runner))
        try:
            yield self
        finally:
            self._done(self._end(runner))
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(10)
            self._loop.close()
            self._folder.cleanup()

    def plant(self, body: Object) -> None:
        """Store a custom resource as if it were older than the rules."""

        async def plant() -> None:
            found = [one for one in self._store.resources if one.kind == body["kind"]]
            self._objects.plant(found[0], body)

        self._done(plant())

    def calls_of(self, user: str) -> list[Call]:
        """What one user asked for."""
        return [call for call in self.calls if call.user == user]

    def take(self, verb: str, resource: str) -> None:
        """A right that nobody but the admin has from now on, whatever a Role says."""
        self._rights.taken.append((verb, resource))

    def cut_watches(self) -> None:
        """All open watches end."""

        async def cut() -> None:
            self._cut.set()
            self._cut = asyncio.Event()

        self._done(cut())

    def forget_history(self) -> None:
        """A watch from any version up to now is told to list again."""

        async def forget() -> None:
            self._store.oldest = self._store.version + 1
            self._store.version += 1

        self._done(forget())

    def _done(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _start(self, runner: web.AppRunner) -> None:
        for name in self._namespaces:
            self._objects.create(NAMESPACES, "", {"metadata": {"name": name}}, Options())
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._context())
        await site.start()
        self.url = f"http{'s' if self.certificates else ''}://127.0.0.1:{runner.addresses[0][1]}"

    def _context(self) -> ssl.SSLContext | None:
        if self.certificates is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        folder = Path(self._folder.name)
        names = {
            "ca.crt": self.certificates.ca,
            "tls.crt": self.certificates.certificate,
            "tls.key": self.certificates.key,
        }
        for name, text in names.items():
            (folder / name).write_bytes(text)
        context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        self.authority = folder / "ca.crt"
        return context

    async def _end(self, runner: web.AppRunner) -> None:
        """Nothing is left in the loop: watches wait for news that never come."""
        await runner.cleanup()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=8 * LARGEST)
        application.router.add_route("*", "/{path:.*}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self.faults.delay:
            await asyncio.sleep(self.faults.delay)
        try:
            return await self._answered(request)
        except Refused as refused:
            headers = {"Retry-After": "1"} if refused.code in (429, 504) else {}
            return web.json_response(refused.body, status=refused.code, headers=headers)

    async def _answered(self, request: web.Request) -> web.StreamResponse:
        parts = [part for part in request.path.split("/") if part]
        if parts in (["healthz"], ["livez"], ["readyz"]):
            return web.Response(text="ok")
        user = self._rights.user(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if found := self._said_of_itself(parts, request.headers.get("Accept", "")):
            answer, media_type = found
            return web.Response(text=json.dumps(answer), headers={"Content-Type": media_type})
        target = target_of(self._store.resources, parts)
        verb = verb_of(request, target)
        fault = self._authorise(user, verb, target, request.query)
        if fault and not fault.after:
            return failed(request, fault)
        if verb == "watch":
            return await self._watch(request, target)
        body = await body_of(request, target)
        written = self._written(verb, target, user, request, body)
        if fault:
            return failed(request, fault)
        headers = [("Warning", f"299 - {json.dumps(text)}") for text in written.warnings]
        return web.json_response(self._shown(target, request, written), status=written.code, headers=headers)

    def _said_of_itself(self, parts: list[str], accept: str) -> tuple[Object, str] | None:
        if len(parts) <= 3 and (found := discovered(self._store, parts, accept)):
            return found
        schemas = openapi(self._store, parts)
        return (schemas, "application/json") if schemas else None

    def _authorise(self, user: str, verb: str, target: Target, query: Mapping[str, str]) -> Fault | None:
        name = target.name or (named(query) if verb in ("list", "watch", "deletecollection") else "")
        wanted = Attributes(verb, target.resource.group, target.plural, target.namespace, name)
        allowed = self._rights.allowed(user, wanted)
        self.calls.append(Call(user, verb, wanted.group, wanted.resource, name, allowed, target.namespace))
        if not allowed:
            raise refusal(user, wanted)
        if target.resource.full in self._fresh and verb in ("list", "watch"):
            self._fresh.discard(target.resource.full)
            raise Refused(429, "TooManyRequests", "storage is (re)initializing")
        return self.faults.of(user, verb, target.plural)

    def _written(self, verb: str, target: Target, user: str, request: web.Request, body: Any) -> Written:
        objects, query = self._objects, request.query
        options = Options(query.get("fieldValidation", "Warn"), query.get("dryRun") == "All")
        if verb in ("create", "update", "patch") and body is None:
            raise Refused(400, "BadRequest", "the body of the request is empty")
        match verb:
            case "get":
                return Written(objects.get(target.key))
            case "list":
                return Written(self._listed(target, query))
            case "create" if target.subresource == "token":
                return Written(self._token(target.key, body), code=201)
            case "create" if target.resource is OWN_ACCESS:
                return Written(self._review(user, body), code=201)
            case "create":
                written = objects.create(target.resource, target.namespace, body, options)
            case "update":
                written = objects.update(target.key, target.subresource, body, options)
            case "patch":
                written = objects.patch(target.key, target.subresource, request.content_type, body, options)
            case "delete":
                given = {name: query[name] for name in ("propagationPolicy",) if name in query}
                return Written(objects.delete(target.key, given | (body or {})))
            case "deletecollection":
                return Written(self._emptied(target, query, body or {}))
            case _:
                raise Refused(
                    405, "MethodNotAllowed", "the server does not allow this method on the requested resource"
                )
        if target.resource is CRDS and written.code == 201:
            self._fresh.add(written.object["metadata"]["name"])
        return written

    def _listed(self, target: Target, query: Mapping[str, str]) -> Object:
        asked, store = query.get("resourceVersion") or "0", self._store
        if asked.isdecimal() and int(asked) > store.version:
            told = f"Timeout: Too large resource version: {asked}, current: {store.version}"
            raise Refused(504, "Timeout", told, {"causes": [{"reason": "ResourceVersionTooLarge", "message": told}]})
        wanted = selector(target.resource, query)
        found = [body for _, body in store.listed(target.resource, target.namespace) if wanted(body)]
        metadata: Object = {"resourceVersion": str(store.version)}
        limit, begin = int(query.get("limit") or 0), continued(query.get("continue", ""))
        if limit and len(found) > begin + limit:
            metadata |= {"continue": base64.b64encode(f"{begin + limit}".encode()).decode()}
            metadata |= {"remainingItemCount": len(found) - begin - limit}
        items = found[begin : begin + limit if limit else None]
        if not target.resource.custom:
            items = [
                {name: value for name, value in one.items() if name not in ("kind", "apiVersion")} for one in items
            ]
        head = {
            "kind": f"{target.resource.kind}List",
            "apiVersion": target.resource.api_version,
            "metadata": metadata,
        }
        return head | {"items": items}

    def _emptied(self, target: Target, query: Mapping[str, str], options: Object) -> Object:
        listed = self._listed(target, query)
        for body in listed["items"]:
            place = replace(target, namespace=body["metadata"].get("namespace", ""), name=body["metadata"]["name"])
            self._objects.delete(place.key, options)
        return listed

    def _token(self, key: Key, body: Object) -> Object:
        account = self._objects.get(key)
        seconds = (body.get("spec") or {}).get("expirationSeconds") or 3600
        ends = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        status = {"token": self._rights.token_of(key, account), "expirationTimestamp": ends}
        return {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "status": status}

    def _review(self, user: str, body: Object) -> Object:
        wanted = (body.get("spec") or {}).get("resourceAttributes")
        if not wanted:
            told = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
            raise Refused(422, "Invalid", f'.authorization.k8s.io "" is invalid: spec.resourceAttributes: {told}')
        below = f"/{wanted['subresource']}" if wanted.get("subresource") else ""
        place = wanted.get("namespace", ""), wanted.get("name", "")
        asked = Attributes(
            wanted.get("verb", ""), wanted.get("group", ""), wanted.get("resource", "") + below, *place
        )
        return body | {"metadata": {}, "status": {"allowed": self._rights.allowed(user, asked)}}

    def _shown(self, target: Target, request: web.Request, written: Written) -> Object:
        body = written.object
        if not wants_table(request.headers.get("Accept", "")) or body.get("kind") == "Status":
            return body
        listed = body.get("items") if body.get("kind") == f"{target.resource.kind}List" else [body]
        made = self._table(target.resource, listed or [], body["metadata"].get("resourceVersion", ""))
        more = {
            name: body["metadata"][name] for name in ("continue", "remainingItemCount") if name in body["metadata"]
        }
        return made | {"metadata": made["metadata"] | more}

    def _table(self, resource: Resource, objects: list[Object], version: str) -> Object:
        now = datetime.now(UTC) + timedelta(seconds=self.faults.skew)
        return table(resource, self._store.crd_of(resource), objects, version, now)

    async def _watch(self, request: web.Request, target: Target) -> web.StreamResponse:
        as_table = wants_table(request.headers.get("Accept", ""))

        def shown(body: Object) -> Object:
            return self._table(target.resource, [body], body["metadata"]["resourceVersion"]) if as_table else body

        query = dict(request.query) | ({"fieldSelector": f"metadata.name={target.name}"} if target.name else {})
        selector(target.resource, query)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        with suppress(ConnectionError):
            async for line in lines(self._store, target.resource, target.namespace, query, shown, self._cut):
                await response.write(line)
        return response
