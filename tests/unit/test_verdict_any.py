"""Nothing that a person writes makes the verdict fail, leaves a finding without a remedy, or tells a secret."""

import random
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.documents import EXAMPLES, GONE, LDAP, changed, findings, full, minimal
from syncramp.check import verdict
from syncramp.errors import SyncrampError
from syncramp.spec.document import read_documents
from syncramp.spec.schema import with_defaults
from syncramp.spec.structure import structure

SECRET = "hunter2"
MISTAKES = {
    "a Secret": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: x}}\nstringData: {{password: {SECRET}}}\n",
    "a Secret's data in a SyncConfig": f"apiVersion: syncramp.io/v1alpha1\nkind: SyncConfig\ndata: {{x: {SECRET}}}\n",
    "a text": f"{SECRET}\n",
    "a list": f"- password: {SECRET}\n",
    "a password": f"password: {SECRET}\n",
}
PLACES = [
    *("spec.target.auth.clientSecret.secret", "spec.target.auth.clientSecret", "spec.target.auth.password"),
    *("spec.target.auth.clientSecret.secretKeyRef", "spec.target.auth.clientSecret.secretKeyRef.value"),
    *("spec.target.auth.clientSecret.secretKeyRef.name", "spec.target.auth.clientSecret.secretKeyRef.key"),
    *("spec.target.auth.certificate", "spec.target.auth.clientSecret.clientID", "spec.password", "password"),
    *("spec.sources[0].password", "metadata.annotations.kubectl", "spec.sources[0].ldap", "spec.target"),
]
SIGN_INS = ["bind", "bind.password", "bind.secretRef", "bind.secretRef.name", "bind.secretRef.key", "password"]


@pytest.mark.parametrize("text", MISTAKES.values(), ids=MISTAKES)
def test_of_another_document_nothing_is_shown(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mistake.yaml"
    file.write_text(text, encoding="utf-8")
    (document,) = read_documents(str(file))
    found = verdict(document)
    assert found
    assert SECRET not in repr(found)


@pytest.mark.parametrize("secret", [f"{SECRET} \n", [SECRET], {"value": SECRET}, f"x:{SECRET}@y"])
@pytest.mark.parametrize("path", PLACES)
def test_a_secret_in_the_wrong_place_is_not_shown(path: str, secret: Any) -> None:
    value = secret if path != "metadata.annotations.kubectl" else [secret]
    found = findings(minimal({path: value}))
    assert found
    assert SECRET not in repr(found)


@pytest.mark.parametrize("secret", [f"{SECRET} \n", [SECRET], {"value": SECRET}])
@pytest.mark.parametrize("place", SIGN_INS)
def test_the_password_of_a_directory_is_not_shown(place: str, secret: Any) -> None:
    changes = {"spec.sources[0].ldif": GONE, "spec.sources[0].ldap": LDAP, f"spec.sources[0].ldap.{place}": secret}
    found = findings(minimal(changes))
    assert found
    assert SECRET not in repr(found)


@pytest.mark.parametrize("server", [f"ldaps://me:{SECRET}@dc1", f"ldaps://{SECRET}:{SECRET}@[::1]:636"])
def test_the_user_of_an_address_is_not_shown(server: str) -> None:
    changes = {"spec.sources[0].ldif": GONE, "spec.sources[0].ldap": {**LDAP, "servers": [server]}}
    assert SECRET not in repr(findings(minimal(changes)))


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


def paths(data: Any, path: str = "") -> list[str]:
    """Every path of a document."""
    if isinstance(data, dict):
        below = [(f"{path}.{name}" if path else name, value) for name, value in data.items()]
    else:
        below = [(f"{path}[{place}]", value) for place, value in enumerate(data)] if isinstance(data, list) else []
    return [path] * bool(path) + [found for place, value in below for found in paths(value, place)]


EVERYWHERE = [path for path in paths(full()) if "/" not in path]


TRICKY: list[Any] = [
    *(None, [], {}, [None], 0, 1, -1, 5, 2**31, 2**63 - 1, 2**64, 1.0, 1e300, True, "", "\x00", "a" * 300),
    *("0", "0s", "1h", "999999999999999h", "DC=a", "(a=b)", "ldap://[::]:1", "https://a:1", "a.b-c", "1.1.1.1"),
    *("Germany", "V1", "User", "objectGUID"),
]
PIECES = [*'()*\\=,+#";<>&|!:/[]@ a1', "\\ff", "cn", "dc", "ldaps://"]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=2)).map("".join)


@pytest.mark.parametrize("path", EVERYWHERE)
def test_what_often_goes_wrong_is_refused_with_a_remedy_or_makes_a_document(path: str) -> None:
    data = full()
    for value in TRICKY:
        assert_told_or_structured(changed(data, {path: value}))


@given(st.lists(st.tuples(st.sampled_from(EVERYWHERE), ANYTHING | st.sampled_from(TRICKY)), min_size=1, max_size=4))
def test_any_value_anywhere_is_refused_with_a_remedy_or_makes_a_document(changes: list[tuple[str, Any]]) -> None:
    data = full()
    for path, value in changes:
        try:
            data = changed(data, {path: value})
        except (KeyError, IndexError, TypeError):
            continue  # what is above it was replaced by something else
    assert_told_or_structured(data)


@given(st.sampled_from(["scope[0].dn", "scope[1].filter", "scope[0].group", "ldap.servers[0]"]), TEXTS)
def test_any_text_where_no_schema_judges_is_refused_with_a_remedy_or_makes_a_document(place: str, text: str) -> None:
    assert_told_or_structured(full({f"spec.sources[0].{place}": text}))


def assert_told_or_structured(data: dict[str, Any]) -> None:
    """A document without findings can be used; each finding can be shown and says what to do."""
    found = findings(data)
    assert all(one.reason and one.remedy and str(one).isprintable() for one in found)
    if not found:
        assert structure(with_defaults(data), Path("/")).sources


@given(ANYTHING)
def test_any_value_is_judged(value: Any) -> None:
    if isinstance(value, dict):
        assert findings(value)
    assert findings({**minimal(), "spec": value})


@given(st.sampled_from(sorted(EXAMPLES.glob("*.yaml"))), st.randoms(use_true_random=False))
def test_a_damaged_file_gives_findings_with_lines_or_the_project_s_own_error(
    tmp_path_factory: pytest.TempPathFactory, path: Path, chance: random.Random
) -> None:
    text = path.read_text(encoding="utf-8")
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(text))
        piece = "".join(chance.choices(string.printable + "é\x85\u2028", k=chance.randint(0, 4)))
        text = text[:start] + piece + text[start + chance.choice((0, 1, 9)) :]
    file = tmp_path_factory.getbasetemp() / "damaged.yaml"
    file.write_text(text, encoding="utf-8", newline="")
    last = len(text.splitlines()) + 1
    try:
        found = [one for document in read_documents(str(file)) for one in verdict(document)]
    except SyncrampError as error:
        assert error.remedy
    else:
        assert all(one.remedy and 1 <= (one.line or 0) <= last for one in found)
