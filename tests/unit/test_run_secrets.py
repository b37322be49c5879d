"""Secrets of a run: read by name, known by a digest that gives nothing away, laid out for nobody else to read."""

import asyncio
import stat
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.spec.secrets import FileSecrets
from syncramp_operator.api.cluster import Cluster, ClusterRefused, ObjectMissing
from syncramp_operator.api.resources import CONFIG_MAPS, Resource
from syncramp_operator.execution.pipes import lines_of
from syncramp_operator.execution.secrets import Contents, SecretMissing, gathered, lay_out, sweep

SPEC = {
    "target": {"auth": {"clientSecret": {"secretKeyRef": {"name": "entra"}}}},
    "sources": [
        {"ldap": {"bind": {"secretRef": {"name": "bind"}}, "tls": {"ca": {"configMapKeyRef": {"name": "ca"}}}}}
    ],
}


class Shelf:
    """Objects by plural and name."""

    def __init__(self, objects: Mapping[tuple[str, str], dict[str, Any] | Exception]) -> None:
        self.objects = objects

    def get(self, resource: Resource, namespace: str, name: str) -> dict[str, Any]:
        assert namespace == "identity"
        found = self.objects.get((resource.plural, name), ObjectMissing("none"))
        if isinstance(found, Exception):
            raise found
        return found


def _gathered(objects: Mapping[tuple[str, str], Any]) -> Contents:
    return gathered(cast("Cluster", Shelf(objects)), "identity", SPEC)


def _b64(value: bytes) -> str:
    return b64encode(value).decode()


ALL = {
    ("secrets", "entra"): {"data": {"clientSecret": _b64(b"s3cret")}},
    ("secrets", "bind"): {"data": {"username": _b64(b"u"), "password": _b64(b"p\xff")}},
    ("configmaps", "ca"): {"data": {"ca.crt": "pem"}, "binaryData": {"more": _b64(b"\x00\x01")}},
}


def test_everything_that_the_document_names_is_read() -> None:
    found = _gathered(ALL)
    assert found.secrets == {"bind": {"username": b"u", "password": b"p\xff"}, "entra": {"clientSecret": b"s3cret"}}
    assert found.config_maps == {"ca": {"ca.crt": b"pem", "more": b"\x00\x01"}}
    found.require()


def test_what_is_not_there_is_told_by_its_name_and_changes_the_digest() -> None:
    found = _gathered({key: value for key, value in ALL.items() if key != ("secrets", "bind")})
    with pytest.raises(SecretMissing, match="there is no Secret bind; make the Secret in the namespace"):
        found.require()
    assert found.digest("uid") != _gathered(ALL).digest("uid")


def test_a_secret_without_data_holds_nothing() -> None:
    assert _gathered({**ALL, ("secrets", "bind"): {"metadata": {}}}).secrets["bind"] == {}


def test_what_the_api_server_forbids_is_no_missing_secret() -> None:
    with pytest.raises(ClusterRefused):
        _gathered({**ALL, ("secrets", "bind"): ClusterRefused("no")})


def test_nothing_of_a_secret_is_shown() -> None:
    assert "s3cret" not in repr(_gathered(ALL)) + str(_gathered(ALL))


KEYS = st.dictionaries(st.text(max_size=3), st.binary(max_size=3), max_size=3)
OBJECTS = st.dictionaries(st.text(max_size=3), KEYS, max_size=3)
CONTENTS = st.builds(Contents, OBJECTS, OBJECTS)


@given(CONTENTS, CONTENTS, st.text(), st.text())
def test_digests_are_the_same_for_the_same_contents_of_the_same_document_alone(
    one: Contents, other: Contents, uid: str, another: str
) -> None:
    same = (one.config_maps, one.secrets, uid) == (other.config_maps, other.secrets, another)
    assert (one.digest(uid) == other.digest(another)) == same


@pytest.mark.parametrize(
    ("one", "other"),
    [({"a": b"bc"}, {"ab": b"c"}), ({"a": b"b", "c": b"d"}, {"a": b"bcd"}), ({"a": b""}, {"": b"a"})],
)
def test_contents_that_read_alike_in_a_row_are_not_the_same(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    assert Contents(secrets={"s": one}).digest("u") != Contents(secrets={"s": other}).digest("u")


def test_a_digest_is_no_plain_hash_of_a_secret_and_does_not_move_with_labels() -> None:
    labelled = {**ALL, ("secrets", "bind"): {**ALL["secrets", "bind"], "metadata": {"resourceVersion": "9"}}}
    assert _gathered(labelled).digest("uid") == _gathered(ALL).digest("uid") != _gathered(ALL).digest("other")


def test_files_are_for_nobody_else_and_gone_afterwards(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "secrets"
    lay_out(folder, _gathered(ALL))
    reader = FileSecrets(folder)
    assert reader.read("bind", "password") == b"p\xff"
    assert reader.read("ca", "ca.crt") == b"pem"
    for path in [folder, *folder.rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path
    sweep(folder)
    assert not folder.exists()


def test_where_a_secret_and_a_configmap_have_one_name_the_secret_counts(tmp_path: Path) -> None:
    lay_out(tmp_path / "x", Contents({"a": {"k": b"map", "m": b"only"}}, {"a": {"k": b"secret"}}))
    assert (tmp_path / "x/a/k").read_bytes() == b"secret"
    assert (tmp_path / "x/a/m").read_bytes() == b"only"


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a\0b"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    for contents in (Contents(secrets={name: {"k": b"v"}}), Contents(secrets={"a": {name: b"v"}})):
        with pytest.raises(SecretMissing):
            lay_out(tmp_path / "x", contents)
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
        sweep(tmp_path / "x")


@given(st.lists(st.binary(max_size=40)), st.integers(1, 30))
def test_lines_come_whole_whatever_the_pieces_and_long_ones_not_at_all(pieces: list[bytes], longest: int) -> None:
    async def read() -> list[bytes]:
        stream = asyncio.StreamReader()
        for piece in pieces:
            stream.feed_data(piece)
        stream.feed_eof()
        return [line async for line in lines_of(stream, longest)]

    *whole, rest = b"".join(pieces).split(b"\n")
    wanted = [line for line in whole if len(line) <= longest] + [rest] * bool(0 < len(rest) <= longest)
    assert asyncio.run(read()) == wanted


def test_a_line_in_many_chunks_is_one_line_and_a_longer_one_is_never_held() -> None:
    async def read(line: bytes, longest: int) -> list[bytes]:
        stream = asyncio.StreamReader()
        stream.feed_data(line + b"\nshort\n")
        stream.feed_eof()
        return [found async for found in lines_of(stream, longest)]

    assert asyncio.run(read(b"x" * 300_000, 400_000)) == [b"x" * 300_000, b"short"]
    assert asyncio.run(read(b"x" * 300_000, 100_000)) == [b"short"]


def test_the_resources_are_told_apart() -> None:
    assert _gathered({("secrets", "ca"): {"data": {}}}).missing[0] == (CONFIG_MAPS.kind, "ca")
