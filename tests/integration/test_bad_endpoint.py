"""Bad answers of the endpoint and of the token issuer, through whole runs of the real command line.

Whatever stands in place of an answer: one clear line, a tenant that lost nothing, a store whose two bounds hold, and
a next run that repairs. Pauses between tries are shortened; runs with such pauses are made in this process.
"""

import re
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest
from aiohttp import web

from support import faulty
from support.faulty import Bad, Faulty
from support.ldap_certificates import issue
from support.walk import Forest, Walk, pass_the_deadline, walking
from syncramp.cycle import calls
from syncramp.cycle.walk import UNCOUNTED
from syncramp.endpoint import client, contract
from syncramp.endpoint.client import V2Endpoint
from syncramp.source import dn
from syncramp.store.store import Store

PEOPLE = 70
"""More than two calls carry."""
OBJECTS = PEOPLE + 1


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as made:
        yield made


@pytest.fixture
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(V2Endpoint.__init__.__kwdefaults__, "busy_first", 0.001)
    monkeypatch.setattr(client, "BUSY_TRIES", 3)
    monkeypatch.setattr(calls, "RETRY_SECONDS", 0.001)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _assert_repaired(walk: Walk) -> None:
    assert walk.here().code == 0
    walk.assert_cloud_matches()
    walk.assert_state_true()


@pytest.mark.parametrize("place", ["host", "authority"])
@pytest.mark.parametrize(
    ("host", "words"),
    [
        (
            "no-such-host.invalid",
            ("no-such-host.invalid: no connection: ", "check the host, the network and the proxy"),
        ),
        ("127.0.0.1:{port}", ("127.0.0.1:{port}: no connection: ", "refused", "check the host")),
    ],
    ids=["unknown", "refused"],
)
def test_a_host_that_cannot_be_reached(walk: Walk, place: str, host: str, words: tuple[str, ...]) -> None:
    port = str(_free_port())
    host, words = host.replace("{port}", port), tuple(word.replace("{port}", port) for word in words)
    endpoint = walk.spec["target"]["endpoint"]
    del endpoint["profile"]  # another host is another endpoint
    endpoint["unverified"] = True
    right = dict(endpoint)
    endpoint[place] = host if place == "host" else f"https://{host}"
    (walk.sync() if place == "host" else walk.here()).assert_error(1, *words)
    walk.again("plan").assert_error(1, *words)
    assert not walk.in_cloud()
    endpoint.update(right)
    _assert_repaired(walk)


def test_a_certificate_that_nobody_we_trust_vouches_for(walk: Walk) -> None:
    words = f"{walk.host}: the server's certificate could not be verified", "spec.target.endpoint.ca"
    authority = walk.folder / "secrets" / "simulator-ca" / "ca.crt"
    right = authority.read_bytes()
    authority.write_bytes(issue("127.0.0.1").ca)
    walk.sync().assert_error(1, *words)
    authority.write_bytes(right)
    named = walk.spec["target"]["endpoint"].pop("ca")
    walk.here().assert_error(1, *words)
    walk.spec["target"]["endpoint"]["ca"] = named
    assert not walk.in_cloud()
    _assert_repaired(walk)


def test_a_tenant_that_does_not_synchronise(tmp_path: Path) -> None:
    with walking(tmp_path, syncing=False) as walk:
        walk.sync().assert_error(1, "directory synchronisation is not switched on", "onPremisesSyncEnabled")
        assert (walk.exports, walk.in_cloud()) == (0, set())


READS: list[tuple[Bad, str]] = [
    (faulty.html, "HTTP 200 with text/html instead of a message of the service, a proxy or a gateway"),
    (faulty.empty_500, "HTTP 500 with text/plain instead of a message of the service"),
    (faulty.busy, "HTTP 503 with text/plain"),
    (faulty.another_type, "HTTP 415 with text/plain"),
    (faulty.unknown_fault, "the service failed: Something else is wrong (code 90)"),
    (faulty.silent, "the connection broke before the answer came"),
    (faulty.cut, "the connection broke before the answer came"),
    (faulty.truncated, "the answer is not legal binary XML"),
]


@pytest.mark.usefixtures("_no_pauses")
@pytest.mark.parametrize(("bad", "words"), READS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_question_that_gets_no_good_answer(tmp_path: Path, bad: Bad, words: str) -> None:
    """The first call of a run, and both pages of the read-back."""
    with walking(tmp_path, page_size=2) as walk:
        assert walk.here().code == 0
        walk.forest.people[4] = {}
        sent = walk.exports
        for operation, first in ((contract.GET_COMPANY, 1), (contract.READ_BACK, 1), (contract.READ_BACK, 2)):
            _forget_the_cookie(walk)
            with Faulty(walk, operation, bad, first, processed=True) as answers:
                walk.here().assert_error(1, walk.host, words)
            assert answers.calls
            assert walk.exports == sent
            walk.assert_state_true()
            assert words in walk.again("status").out
        _assert_repaired(walk)


def _forget_the_cookie(walk: Walk) -> None:
    """The next read-back begins with everything, and has more than one page."""
    with closing(Store(walk.state, dn.key)) as store:
        store.observations.forget_cookie()


@pytest.mark.usefixtures("_no_pauses")
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (faulty.throttled, "currently busy"),
        (faulty.another_type, "HTTP 415 with text/plain"),
    ],
    ids=["busy for ever", "another type"],
)
def test_an_export_that_is_not_taken_is_left_for_the_next_run(walk: Walk, bad: Bad, words: str) -> None:
    _many(walk)
    with Faulty(walk, contract.PROVISION, bad, first=2):
        walk.here().assert_error(1, walk.host, words)
    assert len(walk.in_cloud()) == 30
    walk.assert_state_true()
    told = walk.again("status")
    assert told.code == 1 and words in told.out
    assert re.search(rf"Objects +{OBJECTS} +30 +0 +0 +0 +{OBJECTS - 30}\n", told.out)
    _assert_repaired(walk)


@pytest.mark.usefixtures("_no_pauses")
@pytest.mark.parametrize("processed", [False, True], ids=["not processed", "processed"])
@pytest.mark.parametrize(
    ("bad", "words"),
    [read for read in READS if read[0] is not faulty.another_type],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_export_whose_answer_says_nothing_is_in_doubt_and_sent_again(
    walk: Walk, bad: Bad, words: str, processed: bool
) -> None:
    """What a lost call may have done is known as possible, and nothing touches it while it may be under way."""
    _many(walk)
    with Faulty(walk, contract.PROVISION, bad, first=2, processed=processed):
        walk.here().assert_error(1, walk.host, words)
    assert (len(walk.in_cloud()) > 30) is processed
    walk.assert_state_true()
    tally = walk.again("status", "-o", "json").json["objects"]
    assert tally["acknowledged"] == 30 and tally["in_doubt"] >= 30
    assert tally["in_doubt"] + tally["left"] == OBJECTS - 30

    soon = walk.here("sync", "-o", "json")
    assert soon.code == 2
    assert set(soon.json["holds"]) == {"CallUnderWay"}
    walk.assert_state_true()
    pass_the_deadline(walk.state)
    _assert_repaired(walk)


def _many(walk: Walk) -> None:
    walk.forest = Forest.of(PEOPLE, {501: [1, 2, PEOPLE]})


@pytest.mark.usefixtures("_no_pauses")
@pytest.mark.parametrize("bad", [faulty.html, faulty.silent, faulty.cut])
def test_an_export_that_is_answered_at_the_second_try_is_no_failure(walk: Walk, bad: Bad) -> None:
    _many(walk)
    with Faulty(walk, contract.PROVISION, bad, first=2, processed=True, times=1) as answers:
        assert walk.here().code == 0
    assert answers.calls == 1
    walk.assert_cloud_matches()
    walk.assert_state_true()
    _assert_repaired(walk)


@pytest.mark.usefixtures("_no_pauses")
@pytest.mark.parametrize("bad", [faulty.html, faulty.busy, faulty.silent])
def test_an_export_whose_confirmation_gets_no_good_answer_has_applied(walk: Walk, bad: Bad) -> None:
    walk.forest.people[12] = {}
    with Faulty(walk, contract.READ_BACK, bad, 2):
        walk.here().assert_error(1, walk.host)
    walk.assert_cloud_matches()
    walk.assert_state_true()
    _assert_repaired(walk)


@pytest.mark.usefixtures("_no_pauses")
@pytest.mark.parametrize("bad", [faulty.html, faulty.busy, faulty.silent])
def test_an_export_whose_end_the_tenant_is_not_told_is_confirmed_all_the_same(walk: Walk, bad: Bad) -> None:
    with Faulty(walk, contract.FINALIZE, bad):
        done = walk.here()
    assert done.code == 0
    assert f"Warning 1: {UNCOUNTED}" in done.out
    assert "unconfirmed: 0 objects, 0 links" in done.out
    walk.assert_cloud_matches()
    _assert_repaired(walk)


@pytest.mark.usefixtures("_no_pauses")
@pytest.mark.parametrize(
    ("document", "bad"),
    [("configuration", "html"), ("configuration", "500"), ("token", "html"), ("token", "500")],
)
def test_an_issuer_that_gives_no_token(walk: Walk, monkeypatch: pytest.MonkeyPatch, document: str, bad: str) -> None:
    def answer(*_: object) -> NoReturn:
        raise web.HTTPOk(text="<html/>", content_type="text/html") if bad == "html" else web.HTTPInternalServerError

    assert walk.simulator is not None
    with monkeypatch.context() as patched:
        patched.setattr(walk.simulator.issuer, document, answer)
        walk.here().assert_error(1, f"{walk.host}: the token issuer gave no usable answer", "spec.target.endpoint")
    assert not walk.in_cloud()
    _assert_repaired(walk)
