"""What `make bench-parts` compares is the same on both sides, and the memory it tells stays below four messages."""

import json
from dataclasses import asdict

from lxml import etree

from bench import expressions, ramps
from bench.codec import encode, measure
from bench.messages import objects, tree
from bench.table import table
from syncramp.endpoint import soap


def test_the_peer_writes_and_reads_the_same_content() -> None:
    sent = objects(3, 20)
    assert len(sent[0].values) == 20 and sent[-1].links == 20
    ours = list(soap.open_envelope(encode(sent)).body.walk())
    theirs = list(etree.fromstring(etree.tostring(tree(sent))).iter())
    assert [(node.namespace, node.name) for node in ours] == [
        (etree.QName(node).namespace, etree.QName(node).localname) for node in theirs
    ]
    assert [node.text for node in ours] == [node.text or "" for node in theirs]
    assert [dict(node.attributes) for node in ours] == [
        {(etree.QName(name).namespace, etree.QName(name).localname): value for name, value in node.items()}
        for node in theirs
    ]


def test_neither_way_takes_four_times_the_memory_of_the_message() -> None:
    found = measure(users=200, references=10_000, rounds=1)
    assert [row.what for row in found.rows] == ["encode", "decode to objects"]
    assert all(0.5 < row.memory < 4 for row in found.rows)
    assert set(json.loads(json.dumps(asdict(found)))["ratios"]) == {"encode", "decode to objects"}
    assert "decode to objects" in table(found) and f"{found.binary:,} bytes binary" in table(found)


def test_every_measured_expression_has_a_result() -> None:
    found = expressions.measure(rounds=1, times=1)
    assert [row.expression for row in found] == [text for text, _ in expressions.RULES]
    assert len(expressions.ENTRY) == 20
    told = expressions.table(found, expressions.whole(rounds=1, times=1))
    assert "µs  entry.mail.matches" in told and "µs  a rule of a document" in told


def test_ramps_are_decided_of_groups_that_are_whole_that_wait_and_that_grow() -> None:
    found = ramps.measure(groups=60, members=1_000, rounds=1)
    following = ramps.memberships(60, 1_000)
    whole = [group for group in following if group.desired == group.possible]
    assert (len(following), len(whole)) == (60, 48)
    assert found.waiting == 0, "600 who wait are less than a run may admit"
    assert found.seconds == found.binding + found.deciding + found.admission > 0
    assert json.loads(json.dumps(asdict(found)))["groups"] == 60
    assert "60 groups of 1,000 members" in ramps.table(found)
