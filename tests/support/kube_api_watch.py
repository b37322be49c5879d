"""The watches of the API double: what is there, then what changes, with bookmarks, until time or patience is over."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from support.kube_api_errors import Refused
from support.kube_api_resources import Resource
from support.kube_api_selectors import Selector, selector
from support.kube_api_store import Change, Store

Object = dict[str, Any]
Shown = Callable[[Object], Object]

BOOKMARK = 60.0
"""Seconds between bookmarks, for whoever allows them."""
NO_END = 1800.0
"""Seconds after which a watch ends that names no time."""


async def lines(
    store: Store, resource: Resource, namespace: str, query: Mapping[str, str], shown: Shown, cut: asyncio.Event
) -> AsyncIterator[bytes]:
    """The lines of one watch.

    :param shown: how an object is written, as itself or as a Table.
    :param cut: set when all watches are to end at once.
    """
    wanted = selector(resource, query)
    seen = _version(query.get("resourceVersion", ""))
    if seen and seen < store.oldest:
        yield _line("ERROR", expired(seen, store.oldest))
        return
    bookmarks = query.get("allowWatchBookmarks") == "true"
    if not seen:
        seen = store.version
        for _, body in store.listed(resource, namespace):
            if wanted(body):
                yield _line("ADDED", shown(body))
        if query.get("sendInitialEvents") == "true":
            yield _line("BOOKMARK", _bookmark(resource, seen, {"k8s.io/initial-events-end": "true"}))
    ends = time.monotonic() + float(query.get("timeoutSeconds") or NO_END)
    next_mark = time.monotonic() + BOOKMARK
    while not cut.is_set() and (left := ends - time.monotonic()) > 0:
        news = store.news
        for change in _since(store, seen):
            seen = change.version
            here = change.key.resource is resource and namespace in ("", change.key.namespace)
            if here and (kind := _kind(change, wanted)):
                yield _line(kind, shown(change.object))
        await _first(news.wait(), cut.wait(), min(left, max(0.0, next_mark - time.monotonic())))
        if bookmarks and time.monotonic() >= next_mark:
            next_mark += BOOKMARK
            yield _line("BOOKMARK", _bookmark(resource, store.version))


def expired(seen: int, oldest: int) -> Object:
    """410 in a line."""
    return Refused(410, "Expired", f"too old resource version: {seen} ({oldest})").body


def _since(store: Store, seen: int) -> list[Change]:
    """The changes after a version; the log is ordered, so it is read from its end."""
    found = []
    for change in reversed(store.log):
        if change.version <= seen:
            break
        found.append(change)
    return found[::-1]


def _kind(change: Change, wanted: Selector) -> str:
    """What a change is to a watch: an object that is not wanted any more is gone, one that is now is new."""
    was = change.before is not None and wanted(change.before)
    now = change.kind != "DELETED" and wanted(change.object)
    if change.kind == "DELETED":
        return "DELETED" if was else ""
    if now:
        return "MODIFIED" if was else "ADDED"
    return "DELETED" if was else ""


def _version(text: str) -> int:
    if text and not text.isdecimal():
        raise Refused(500, "", f'strconv.ParseUint: parsing "{text}": invalid syntax')
    return int(text or 0)


def _bookmark(resource: Resource, version: int, annotations: Object | None = None) -> Object:
    told = {"annotations": annotations} if annotations else {}
    own = {"resourceVersion": str(version), "creationTimestamp": None} | told
    return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": own}


def _line(kind: str, body: Object) -> bytes:
    return json.dumps({"type": kind, "object": body}).encode() + b"\n"


async def _first(one: Any, other: Any, seconds: float) -> None:
    tasks = [asyncio.ensure_future(each) for each in (one, other)]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
