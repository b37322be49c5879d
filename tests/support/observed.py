"""Everything that the operator says, seen while it says it: every status of SyncConfigs and SyncRuns of a namespace.

A watch in a thread reads each version, also those that no test waits for, and asks whether it is well-formed.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from kubernetes import client
from urllib3.exceptions import HTTPError

from support.status_check import check_status

ENDS = ("Succeeded", "Incomplete", "Failed", "Cancelled")
KINDS = ("syncconfigs", "syncruns")

Object = dict[str, Any]


class Observed:
    """What was seen, by kind and name, in order."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], list[Object]] = {}
        self.wrong: list[str] = []
        self.skew = timedelta()
        """By how much the operator's clock is ahead of ours."""

    def note(self, kind: str, body: Object) -> None:
        """Keep a version, and judge it."""
        name = body["metadata"]["name"]
        before = self.seen.setdefault((kind, name), [])
        try:
            _judge(kind, before[-1] if before else None, body, datetime.now(UTC) + self.skew)
        except AssertionError as error:
            self.wrong.append(f"{kind}/{name}: {error}")
        before.append(body)

    def phases(self, run: str) -> list[str]:
        """The phases that a SyncRun showed."""
        found = [body.get("status", {}).get("phase", "") for body in self.seen.get(("syncruns", run), ())]
        return list(dict.fromkeys(filter(None, found)))

    def states(self, name: str, condition: str) -> list[str]:
        """The states that a condition of a SyncConfig went through; empty where it was not there."""
        found: list[str] = []
        for body in self.seen.get(("syncconfigs", name), ()):
            listed = body.get("status", {}).get("conditions", ())
            state = next((one["status"] for one in listed if one["type"] == condition), "")
            found += [state] if not found or found[-1] != state else []
        return found


@contextmanager
def observing(configuration: client.Configuration, namespace: str) -> Iterator[Observed]:
    """Watch until the end of the block, which fails if a status was not well-formed."""
    observed, stop = Observed(), threading.Event()
    threads = [
        threading.Thread(target=_watch, args=(configuration, namespace, kind, observed.note, stop), daemon=True)
        for kind in KINDS
    ]
    for thread in threads:
        thread.start()
    try:
        yield observed
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
    assert not observed.wrong, "\n\n".join(observed.wrong[:3])


def _watch(
    configuration: client.Configuration,
    namespace: str,
    kind: str,
    note: Callable[[str, Object], None],
    stop: threading.Event,
) -> None:
    """List and watch, again and again; every watch ends soon, so that it sees that it is over."""
    path = f"/apis/syncramp.io/v1alpha1/namespaces/{namespace}/{kind}"
    api, version = client.ApiClient(configuration), ""
    while not stop.is_set():
        try:
            for line in _lines(api, f"{path}?watch=true&timeoutSeconds=1&resourceVersion={version}"):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    version = ""
                    break
                version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] in ("ADDED", "MODIFIED"):
                    note(kind, event["object"])
        except (HTTPError, OSError):
            time.sleep(0.1)
    api.close()


def _lines(api: client.ApiClient, path: str) -> Iterator[bytes]:
    request = api.param_serialize(
        "GET", path, header_params={"Accept": "application/json"}, query_params=[], auth_settings=["BearerToken"]
    )
    answer = api.call_api(*request, _request_timeout=(5, 10)).response
    if answer.status != 200:
        answer.drain_conn()
        raise HTTPError(f"{path}: {answer.status}")
    rest = b""
    for chunk in answer.stream(65536, decode_content=False):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from filter(None, whole)


def _judge(kind: str, before: Object | None, body: Object, now: datetime) -> None:
    if kind == "syncconfigs":
        if body.get("status"):
            check_status(body, now=now)
        return
    status, was = body.get("status") or {}, (before or {}).get("status") or {}
    if was.get("phase") in ENDS and (before or {})["metadata"]["uid"] == body["metadata"]["uid"]:
        assert status.get("phase") == was["phase"], f"{was['phase']} became {status.get('phase')}"
    if status.get("phase") in ENDS:
        assert "completionTime" in status, status
        assert "progress" not in status, status
    for tally in ("objects", "links"):
        if numbers := status.get(tally):
            whole = sum(number for name, number in numbers.items() if name != "expected")
            assert numbers["expected"] == whole, f"{tally}: {numbers}"
    assert len(json.dumps(status).encode()) < 32 * 1024
