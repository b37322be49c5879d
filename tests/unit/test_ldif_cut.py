"""A file that was cut is never taken for whole, wherever the cut is, and gives nothing that is not true."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.model.facts import Fact, Links, Proof
from syncramp.source import ldif_blocks
from syncramp.source.ldif import LdifSource
from syncramp.source.ldif_blocks import Malformed, blocks

WANTED = frozenset({"cn", "description", "mail"})
RECORDS = [
    f"dn: cn=u{number},dc=test\nobjectClass: user\ncn: u{number}\ndescription:: w7xiZXIgw6RsbGVz\n IHVuZCBhbGxlcw==\n"
    f"objectGUID: 00000000-0000-0000-0000-00000000000{number}\nmail: u{number}@example.test\n"
    for number in range(3)
]
GROUP = (
    "dn: cn=g,dc=test\nobjectClass: group\nobjectGUID: 00000000-0000-0000-0000-0000000000ff\n"
    "member: cn=u0,dc=test\nmember: cn=u1,dc=test\n"
)
BODY = "\n".join([*RECORDS, GROUP, ""])
EXPORTS = {
    "ldbsearch": (f"{BODY}# returned 4 records\n# 4 entries\n# 0 referrals\n", None),
    "ldapsearch": (
        f"{BODY}# search result\nsearch: 2\nresult: 0 Success\n\n# numResponses: 5\n# numEntries: 4\n",
        None,
    ),
    "slapcat": (BODY, 4),
    "ldifde": (BODY.replace("\n", "\r\n"), 4),
}
WHOLE_AT = {"ldbsearch": "# returned 4 records\n", "ldapsearch": "# numEntries: 4\n", "slapcat": BODY, "ldifde": ""}


def _read(path: Path, content: bytes, entries: int | None) -> tuple[list[Fact], Proof]:
    path.write_bytes(content)
    *facts, proof = LdifSource("people", path, entries).read("file", WANTED)
    assert isinstance(proof, Proof)
    return facts, proof


@pytest.mark.parametrize("tool", EXPORTS)
def test_no_cut_passes_for_the_whole(tmp_path: Path, tool: str) -> None:
    text, entries = EXPORTS[tool]
    content = text.encode()
    whole_at = content.index(WHOLE_AT[tool].encode()) + len(WHOLE_AT[tool]) if WHOLE_AT[tool] else len(content)
    facts, proof = _read(tmp_path / "whole.ldif", content, entries)
    assert proof.complete
    assert proof.entries == 4
    for end in range(len(content)):
        some, proof = _read(tmp_path / "cut.ldif", content[:end], entries)
        assert proof.complete is (end >= whole_at and content[:end].endswith(b"\n")), content[:end]
        assert some == facts[: len(some)]
        assert proof.complete or str(tmp_path) in proof.reason


@pytest.mark.parametrize("tool", EXPORTS)
def test_the_record_at_the_cut_is_not_given(tmp_path: Path, tool: str) -> None:
    text, entries = EXPORTS[tool]
    content = text.encode()
    in_group = content.index(b"member: cn=u1")
    facts, proof = _read(tmp_path / "cut.ldif", content[:in_group], entries)
    assert len(facts) == 3
    assert not any(isinstance(fact, Links) for fact in facts)
    assert "no empty line closes the record that began at line" in proof.reason


@given(
    st.lists(st.sampled_from(["dn: a", "\n", "\r\n", "\n\n", "\r", " x", "# c", "é", "\ufeff"]), max_size=30),
    st.data(),
)
def test_blocks_do_not_depend_on_how_the_bytes_arrive(parts: list[str], data: st.DataObject) -> None:
    content = "".join(parts).encode()
    at_once = list(blocks(io.BytesIO(content)))

    class Dribble(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(data.draw(st.integers(3, 5)))

    assert list(blocks(Dribble(content))) == at_once
    for block in at_once:
        first = block.data.split(b"\n")[0]
        assert content.replace(b"\r\n", b"\n").removeprefix(b"\xef\xbb\xbf").split(b"\n")[block.line - 1] == first
        assert b"\n\n" not in block.data


def test_a_file_without_empty_lines_does_not_fill_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ldif_blocks, "LARGEST_BLOCK", 1000)
    with pytest.raises(Malformed, match="expected an empty line"):
        list(blocks(io.BytesIO(b"member: cn=x\n" * 1000)))


@given(st.binary(max_size=200) | st.text("dnc:=,\n a<#", max_size=200).map(str.encode))
def test_any_bytes_end_in_a_proof(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    _, proof = _read(tmp_path_factory.getbasetemp() / "any.ldif", content, None)
    assert not proof.complete
