"""A file that is older than the one that was read before is told from the same one with another time."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from syncramp.model.facts import Proof
from syncramp.source.ldif import PARTITION, LdifSource

ONE = (
    "dn: CN=Ada,DC=test\nobjectClass: user\nobjectGUID:: AAAAAAAAAAAAAAAAAAAAAQ==\ncn: Ada\n\n# returned 1 records\n"
)
OTHER = ONE.replace("cn: Ada", "cn: Ada Lovelace")


@dataclass
class Horizon:
    """What is known: how new the file before was."""

    horizon: bytes | None
    watermark: bytes | None = None
    sentinels: Mapping[bytes, frozenset[str]] = field(default_factory=dict)

    def returned(self) -> Sequence[bytes]:
        return []


def read(path: Path, text: str, second: int, before: bytes | None = None) -> Proof:
    path.write_text(text)
    os.utime(path, (second, second))
    *_, proof = LdifSource("corp", path, None, called="people.ldif").read(
        PARTITION, frozenset({"cn"}), Horizon(before)
    )
    assert isinstance(proof, Proof)
    return proof


def test_the_first_file_is_fresh_and_is_what_the_next_one_is_measured_by(tmp_path) -> None:
    proof = read(tmp_path / "people.ldif", ONE, 1000)
    assert proof.complete and proof.fresh.proven and proof.horizon is not None
    assert proof.fresh.seen == "changed 1970-01-01 00:16 UTC"


@pytest.mark.parametrize("second", [1000, 2000])
def test_a_file_that_is_not_older_is_fresh(tmp_path, second) -> None:
    first = read(tmp_path / "people.ldif", ONE, 1000)
    assert read(tmp_path / "people.ldif", OTHER, second, first.horizon).fresh.proven


def test_an_older_file_is_not_fresh_and_does_not_make_a_still_older_one_so(tmp_path) -> None:
    first = read(tmp_path / "people.ldif", ONE, 1000)
    older = read(tmp_path / "people.ldif", OTHER, 900, first.horizon)
    assert older.complete and not older.fresh.proven and older.horizon == first.horizon
    assert older.fresh.reason == (
        "people.ldif: the file was changed 1970-01-01 00:15 UTC, and the one that was read before was "
        "changed 1970-01-01 00:16 UTC: put the newer one in its place"
    )
    assert not read(tmp_path / "people.ldif", OTHER, 950, older.horizon).fresh.proven


def test_the_same_file_is_fresh_whatever_its_time_says(tmp_path) -> None:
    first = read(tmp_path / "people.ldif", ONE, 1000)
    same = read(tmp_path / "people.ldif", ONE, 900, first.horizon)
    assert same.fresh.proven and same.horizon == first.horizon


def test_a_file_that_is_not_read_to_its_end_measures_nothing(tmp_path) -> None:
    first = read(tmp_path / "people.ldif", ONE, 1000)
    broken = read(tmp_path / "people.ldif", "dn: CN=Ada,DC=test\nnonsense\n\n" + ONE, 2000, first.horizon)
    assert not broken.complete and broken.horizon == first.horizon


def test_what_another_kind_of_source_left_measures_nothing(tmp_path) -> None:
    assert read(tmp_path / "people.ldif", ONE, 1000, b"\x00usn 7").fresh.proven
