"""YAML as documents: what kubectl would read, the lines, and what is refused without a stack trace.

The tables of scalars, keys and merges are what kubectl 1.32 made of them (``kubectl annotate --local -o json``).
"""

import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.documents import EXAMPLES, FOLDER, loaded
from syncramp.spec import document as reading
from syncramp.spec.document import Document, Unreadable, read_documents

SCALARS: dict[str, Any] = {
    **dict.fromkeys(("yes", "on", "y", "Y", "True", "TRUE", "true"), True),
    **dict.fromkeys(("no", "off", "n", "NO"), False),
    **dict.fromkeys(("~", "null", "Null", "NULL", "&a"), None),
}
TEXTS = (
    *("nul", "=", "_1", "0x", ".e3", "1e", "1e400", "._5", ".5_", "a#b", "<<", "0xFFFFFFFFFFFFFFFFFF"),
    *("1:30", "190:20:30", "2024-01-01", "2024-01-01T00:00:00Z", "2024-13-45"),
)
SCALARS |= {text: text for text in TEXTS}
SCALARS |= {"'5'": "5", "''": "", "!!str 5": "5", '"\\x9b"': "\x9b", '"\\0"': "\0", "{}": {}, "[]": []}
SCALARS |= {
    "0x1F": 31,
    "-0x1F": -31,
    "0x_1F": 31,
    "0o17": 15,
    "017": 15,
    "-017": -15,
    "0_7": 7,
    "0b101": 5,
    "-0b11": -3,
}
SCALARS |= {"08": 8, "1_000": 1000, "1__0": 10, "+5": 5, "-5": -5, "00": 0, "0": 0, "-0": 0, "10.0": 10, "5.": 5}
SCALARS |= {"1e3": 1000, "1E3": 1000, "1e+3": 1000, "1.e3": 1000, ".5": 0.5, "1.5": 1.5, "09.5": 9.5, "1_0.5": 10.5}
SCALARS |= {".7_2": 0.72, "9223372036854775807": 2**63 - 1, "18446744073709551615": 2**64 - 1}
SCALARS |= {"99999999999999999999": 1e20}


def read(tmp_path: Path, content: str | bytes) -> list[Document]:
    file = tmp_path / "document.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_documents(str(file))


def refused(tmp_path: Path, content: str | bytes) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read(tmp_path, content)
    assert caught.value.remedy
    assert caught.value.exit_code == 3
    return caught.value


@pytest.mark.parametrize(("text", "value"), SCALARS.items())
def test_a_scalar_means_what_it_means_to_kubectl(tmp_path: Path, text: str, value: Any) -> None:
    (document,) = read(tmp_path, f"v: {text}\n")
    assert document.data == {"v": value}
    assert type(document.data["v"]) is type(value)


@pytest.mark.parametrize("text", [".inf", "-.Inf", "+.inf", ".nan", ".NaN"])
def test_a_number_that_json_does_not_know_is_refused(tmp_path: Path, text: str) -> None:
    error = refused(tmp_path, f"a: 1\nv: {text}\n")
    assert (error.line, error.what) == (2, "this number is none that JSON knows")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("{on: 1, yes: 2}", {"on", "yes"}),
        ("{1: a, 1.5: b, 2024-01-01: c}", {"1", "1.5", "2024-01-01"}),
        ("{a:b}", {"a:b"}),
    ],
)
def test_a_key_is_the_text_that_is_written(tmp_path: Path, text: str, keys: set[str]) -> None:
    (document,) = read(tmp_path, text)
    assert set(document.data) == keys


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("b: &b {x: 1, z: 2}\nv: {<<: *b, x: 3}", {"x": 3, "z": 2}),
        ("b: &b {x: 1}\nc: &c {x: 2, y: 2}\nv: {<<: [*b, *c]}", {"x": 1, "y": 2}),
        ("b: &b {x: {p: 1}}\nv: {<<: *b, x: {q: 2}}", {"x": {"q": 2}}),
        ("b: &b {x: 1}\nc: &c {<<: *b, y: 2}\nv: {<<: *c}", {"x": 1, "y": 2}),
        ("v: {'<<': {z: 1}}", {"<<": {"z": 1}}),
        ("v: {<<: {z: 1}}", {"z": 1}),
    ],
)
def test_merges_are_followed_and_a_key_of_its_own_wins(tmp_path: Path, text: str, value: Any) -> None:
    (document,) = read(tmp_path, text)
    assert document.data["v"] == value


def test_an_alias_is_the_value_it_refers_to_and_its_line_is_where_the_value_stands(tmp_path: Path) -> None:
    (document,) = read(tmp_path, "a: &a\n  b: 1\nv:\n- *a\nw:\n  <<: *a\n")
    assert document.data == {"a": {"b": 1}, "v": [{"b": 1}], "w": {"b": 1}}
    assert (document.line("v[0].b"), document.line("w.b"), document.line("w")) == (2, 2, 5)


REFUSED: dict[str, tuple[str, int | None, str]] = {
    "a key twice": ("a: 1\nb: 2\na: 3\n", 3, "the key a stands twice"),
    "a key twice, deep": ("a:\n- b: 1\n  b: 2\n", 3, "the key b stands twice"),
    "a key twice, in two spellings": ("a: {x: 1, 'x': 2}\n", 1, "the key x stands twice"),
    "no key": ("~: 1\n", 1, "a key is no text"),
    "a list as key": ("a:\n  [x]: 1\n", 2, "a key is no text"),
    "an object as key": ("? {x: 1}\n: 1\n", 1, "a key is no text"),
    "a merge of text": ("a:\n  <<: 5\n", 2, "<< merges what is no object"),
    "an anchor that holds itself": ("a: &a\n  b: *a\n", 1, "nested more than 50 levels deep"),
    "a merge that holds itself": ("a: &a\n  <<: *a\n", 2, "nested more than 50 levels deep"),
    "an unknown alias": ("a: 1\nb: *hunter2\n", 2, "an alias (*) refers to no anchor (&)"),
    "an anchor twice": ("a: &x 1\nb: &x 2\n", 2, "an anchor (&) stands twice"),
    "a tag": ("a: 1\nb: !hunter2 x\n", 2, "a tag (!) is not understood"),
    "a binary": ("a: !!binary aGk=\n", 1, "a tag (!) is not understood"),
    "an object of Python": (
        "a: !!python/object/apply:os.system ['true']\nb: !!python/name:os.system x\n",
        2,
        "a tag (!)",
    ),
    "a tab": ("a:\n\tb: 1\n", 2, "a tab stands where only spaces may"),
    "a sign": ("a: @b\n", 1, "found character '@' that cannot start any token"),
    "a colon too many": ("a: b: c\n", 1, "mapping values are not allowed here"),
    "an open bracket": ("a: [1,\n", 2, "expected the node content"),
    "a control character": ("a: 1\nb: \x07\n", 2, "it holds a control character"),
    "a surrogate": ('a: "\\ud800"\n', 1, "an escaped character does not exist"),
    "a character beyond all": ('a: "\\UFFFFFFFF"\n', None, "an escaped character or a directive means nothing"),
    "a version of many digits": (f"%YAML {'9' * 5000}.1\n---\na: 1\n", None, "a directive means nothing"),
    "deep flow": ("[" * 20_000, None, "nested more than 50 levels deep"),
    "deep block": ("- " * 2_000, None, "nested more than 50 levels deep"),
    "rather deep": ("[" * 60 + "]" * 60, 1, "nested more than 50 levels deep"),
}


@pytest.mark.parametrize(("text", "line", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_document_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int | None, sentence: str
) -> None:
    error = refused(tmp_path, text)
    assert sentence in error.what
    assert error.line == line
    assert error.where == str(tmp_path / "document.yaml") + (f":{line}" if line else "")
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("text", ["utf-16", "latin-1"])
def test_text_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    error = refused(tmp_path, "a: 1\nb: é\n".encode(text))
    assert (error.what, error.remedy) == ("this is no UTF-8 text", "save the file as UTF-8")
    assert error.line == {"utf-16": 1, "latin-1": 2}[text]


def test_a_few_aliases_cannot_become_a_large_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST", 20_000)
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
    error = refused(tmp_path, f"a0: &a0 lol\n{levels}")
    assert error.what == "its aliases make more than 20,000 characters of it"
    merges = "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 10))
    assert refused(tmp_path, f"a0: &a0 {{x: 1}}\n{merges}").what == error.what
    texts = f"a: &a {'x' * 5_000}\nb: [*a, *a, *a, *a]\n"
    assert refused(tmp_path, texts).what == error.what
    documents = f"a: &a {'x' * 5_000}\nb: [*a, *a]\n---\n" * 2
    assert refused(tmp_path, documents).what == error.what, "the documents of a file share one limit"


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    assert refused(tmp_path, b"#" * 1_000_001).what == "the file is larger than 1,000,000 bytes"
    assert read(tmp_path, b"#" * 1_000_000) == []
    with pytest.raises(Unreadable, match="larger than"):
        read_documents("/dev/zero")


@pytest.mark.parametrize(
    "text",
    ["", "\n", "# a comment\n", "---\n", "---\n---\n", "null\n", "~", "\ufeff", "%YAML 1.1\n---\n", "---\n...\n"],
)
def test_a_file_without_documents_has_none(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == []


@pytest.mark.parametrize(("text", "value"), [('""', ""), ("[]", []), ("5", 5), ("text", "text"), ("{}", {})])
def test_a_document_that_is_no_object_is_one(tmp_path: Path, text: str, value: Any) -> None:
    (document,) = read(tmp_path, text)
    assert document.data == value


def test_documents_are_separated_and_empty_ones_left_out(tmp_path: Path) -> None:
    documents = read(tmp_path, "---\n# none\n---\na: 1\n--- # next\n~\n---\nb: 2\n...\n---\nc: 3\n")
    assert [document.data for document in documents] == [{"a": 1}, {"b": 2}, {"c": 3}]
    assert [document.line(path) for document, path in zip(documents, "abc", strict=True)] == [4, 8, 11]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path, ending: str) -> None:
    (document,) = read(tmp_path, "\ufeff" + ending.join(["a: 1", "b:", "  c: 'x", "", "    y'", "d: 2", ""]))
    assert document.data == {"a": 1, "b": {"c": "x\ny"}, "d": 2}
    assert document.line("d") == 6


def test_json_is_yaml(tmp_path: Path) -> None:
    (document,) = read(tmp_path, '{"a": [1, 10.0, true, null, "x\\u00e9"]}')
    assert document.data == {"a": [1, 10, True, None, "xé"]}


SOURCES = 1 + (FOLDER / "full.yaml").read_text(encoding="utf-8").splitlines().index("  sources:")
LINES = {
    "": 2,
    "metadata": 4,
    "metadata.labels.app.kubernetes.io/part-of": 7,
    "spec.target.auth.certificate.clientID": 16,
    "spec.target.endpoint.ca.secretKeyRef.key": 26,
    "spec.sources": SOURCES,
    "spec.sources[0]": SOURCES + 1,
    "spec.sources[0].ldap.servers[1]": SOURCES + 3,
    "spec.sources[0].scope[1].filter": SOURCES + 9,
    "spec.sources[1].name": SOURCES + 10,
    "spec.sources[1].ldap": SOURCES + 10,
    "spec.sources[7].name": SOURCES,
    "spec.unknown.deep[3].path": 9,
    "nothing": 2,
}


@pytest.mark.parametrize(("path", "line"), LINES.items())
def test_a_path_has_the_line_on_which_it_stands_or_that_of_what_holds_it(path: str, line: int) -> None:
    assert loaded(FOLDER / "full.yaml").line(path) == line


def test_each_line_is_where_its_key_stands(tmp_path: Path) -> None:
    text = (FOLDER / "full.yaml").read_text(encoding="utf-8").splitlines()
    for path, line in loaded(FOLDER / "full.yaml").lines.items():
        key = path.removeprefix("metadata.labels.").removeprefix("metadata.annotations.")
        last = key if "/" in key else path.rpartition(".")[2].partition("[")[0]
        assert path.endswith("]") or last in text[line - 1]


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    secret = tmp_path / "secret.yaml"
    secret.touch(mode=0o000)
    cases = {tmp_path / "none.yaml": "No such file", tmp_path: "Is a directory", loop: "symbolic links"}
    if os.geteuid() != 0:
        cases[secret] = "Permission denied"
    for path, sentence in cases.items():
        with pytest.raises(Unreadable) as caught:
            read_documents(str(path))
        assert sentence in caught.value.what
        assert caught.value.where == str(path)
    with pytest.raises(Unreadable, match="no name of a file"):
        read_documents("a\0b")


def test_the_folder_of_a_document_is_that_of_the_file_a_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a.yaml").write_text("a: 1\n", encoding="utf-8")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "here" / "a.yaml")
    (document,) = read_documents(str(tmp_path / "link.yaml"))
    assert document.folder == (tmp_path / "here").resolve()


PIECES = [
    *("{", "}", "[", "]", "-", ":", "?", "&", "*", "|", ">", "'", '"', "!", "%", "@", "`", "#", ",", "~", "<<"),
    *(
        "*a",
        "&a",
        "!!str ",
        "!!binary ",
        "!x ",
        "---\n",
        "...\n",
        "%YAML ",
        "%TAG ",
        "null",
        ".nan",
        "1e999",
        "é",
        "😀",
    ),
    *("\n", "\n  ", " ", ": ", "- ", "\t", "\r", "\x00", "\x85", "\ufeff", "\\x", "\\ud800", '"\\U00110000"'),
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=40).map("".join))
@example("a: &a {b: *a}")
@example('"\\U00110000"')
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    assert_read_or_refused(tmp_path_factory.getbasetemp() / "any.yaml", text.encode())


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    assert_read_or_refused(tmp_path_factory.getbasetemp() / "any.yaml", content)


@given(st.sampled_from(sorted(EXAMPLES.glob("*.yaml"))), st.randoms(use_true_random=False))
def test_a_damaged_document_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, path: Path, chance: random.Random
) -> None:
    text = path.read_text(encoding="utf-8")
    for _ in range(chance.randint(1, 5)):
        start = chance.randrange(len(text) + 1)
        text = text[:start] + chance.choice(PIECES) + text[start + chance.choice((0, 0, 1, 20)) :]
    assert_read_or_refused(tmp_path_factory.getbasetemp() / "any.yaml", text.encode())


def assert_read_or_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    try:
        documents = read_documents(str(file))
    except Unreadable as error:
        assert error.what
        assert error.remedy
    else:
        assert all(document.data is not None and document.line("") for document in documents)
