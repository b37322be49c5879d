"""Expressions over attributes: what they make, what is missing, and what fails for one entry only."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from support.console import ROOT
from syncramp.expr import Environment, EvaluationFailed, ExpressionError, Name, Special, Want
from syncramp.model.values import Type, Value

TEXT, TEXTS = Name(Type.STRING), Name(Type.STRING, multi=True)
ATTRIBUTES = {
    "mail": TEXT,
    "sAMAccountName": TEXT,
    "manager": Name(Type.REFERENCE),
    "userAccountControl": Name(Type.INTEGER),
    "isDeleted": Name(Type.BOOLEAN),
    "proxyAddresses": TEXTS,
    "mS-DS-ConsistencyGuid": Name(Type.BINARY),
    "userCertificate": Name(Type.BINARY, multi=True),
}
ENVIRONMENT = Environment({"entry": ATTRIBUTES, "object": ATTRIBUTES, "source": Type.STRING})
ANNA: Mapping[str, Any] = {
    "mail": "Anna@corp.example",
    "userAccountControl": 514,
    "proxyAddresses": ("SMTP:Anna@corp.example", "smtp:a@corp.example"),
    "mS-DS-ConsistencyGuid": b"\x01\x02",
}


def made(text: str, wants: Name | Want = TEXT, **entry: object) -> Value | Special:
    """The result for Anna, with some attributes of her changed; None takes one away."""
    given = {name: value for name, value in {**ANNA, **entry}.items() if value is not None}
    values: Any = {"entry": given, "object": {}, "source": "corp"}
    return ENVIRONMENT.compile(text, wants).evaluate(values)


def refused(text: str, wants: Name | Want = TEXT) -> tuple[str, int, int, str]:
    """What is wrong with it first: what, line, column, remedy."""
    with pytest.raises(ExpressionError) as caught:
        ENVIRONMENT.compile(text, wants)
    first = caught.value.problems[0]
    return first.what, first.line, first.column, first.remedy


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("entry.mail", "Anna@corp.example"),
        ("entry.mail.lower() + '/' + source", "anna@corp.example/corp"),
        ("'a' < 'b' && !(1 >= 2) && 'x' in ['x'] ? 'yes' : 'no'", "yes"),
        ("{'corp': 'FR', 'other': 'DE'}[source]", "FR"),
        (".entry.mail", "Anna@corp.example"),
        ("entry.?sAMAccountName.or(entry.?mail).orValue('nobody')", "Anna@corp.example"),
        ("entry.?mail.optMap(m, m + '!').orValue('')", "Anna@corp.example!"),
        ("entry.proxyAddresses.filter(p, p.startsWith('SMTP:'))[0]", "SMTP:Anna@corp.example"),
    ],
)
def test_an_expression_makes_text(text: str, value: str) -> None:
    assert made(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("entry.proxyAddresses.exists(p, p.startsWith('SMTP:'))", True),
        ("entry.proxyAddresses.all(p, p.startsWith('SMTP:'))", False),
        ("entry.proxyAddresses.exists_one(p, p.startsWith('SMTP:'))", True),
        ("entry.proxyAddresses.map(p, p.lower()).all(p, p.startsWith('smtp:'))", True),
        ("has(entry.mail) && !has(entry.sAMAccountName) && !has(object.mail)", True),
        ("[1, 2, 3].map(n, n > 1, n * n) == [4, 9]", True),
        ("[[1, 2], [3]].all(l, l.exists(n, n % 2 == 1))", True),
        ("-9223372036854775808 < 0 && 9223372036854775807 > 0 && int('-9223372036854775808') < 0", True),
        ("[false, 0, ''] == [false, 0, '']", True),
        ("-7 / 2 == -3 && -7 % 2 == -1 && 7 / -2 == -3 && 7 % -2 == 1", True),
        ("{1: 'a'}.exists(k, k == 1) && 1 in {1: 'a'} && {'a': 'b'}.a == 'b' && has({'a': 1}.a)", True),
        ("[?entry.?sAMAccountName, ?entry.?mail].map(m, m) == [entry.mail]", True),
        ("optional.of(1).hasValue() && optional.none() == entry.?sAMAccountName && entry.?mail.value() != ''", True),
        ("optional.ofNonZeroValue('') == optional.none() && optional.ofNonZeroValue('x').value() == 'x'", True),
        ("[1, 2][?5].orValue(7) == 7 && {'a': 1}.?a.orValue(2) == 1", True),
        ("entry.?proxyAddresses[0].orValue('') == entry.proxyAddresses[0]", True),
        ("optional.of({'a': {'b': 'c'}}).a.b.orValue('') == 'c' && optional.of({'a': 1}).b == optional.none()", True),
        ("entry.?userCertificate.optMap(c, c.size()).orValue(0) == 0 && [optional.none()][0].orValue(1) == 1", True),
        ("entry.?mail.optFlatMap(m, entry.?sAMAccountName).orValue('none') == 'none'", True),
        ("entry.mS_DS_ConsistencyGuid == b'\\x01\\x02'", True),
    ],
)
def test_an_expression_decides(text: str, value: bool) -> None:
    assert made(text, Want.CONDITION) is value


def test_no_value_leave_and_clear_are_three_things() -> None:
    assert made("noValue()") is made("null") is made("entry.?sAMAccountName") is made("'  '") is Special.NO_VALUE
    assert made("has(entry.mail) ? leave() : entry.mail") is Special.LEAVE
    assert made("entry.?sAMAccountName.orValue(clear())") is Special.CLEAR
    assert made("choose(source, {'corp': leave()}, 'x')") is Special.LEAVE
    assert made("choose('none', {'corp': 'x'}, clear())") is Special.CLEAR
    assert made("[]", TEXTS) is made("entry.proxyAddresses", TEXTS, proxyAddresses=None) is Special.NO_VALUE


def test_a_special_result_can_only_be_the_result() -> None:
    assert refused("lower(leave())")[0] == "leave() is a result, not a value to go on with"
    assert refused("[noValue()]", TEXTS)[0] == "noValue() is a result, not a value to go on with"
    assert refused("true ? clear() : true", Want.CONDITION)[0] == "a condition cannot be clear()"
    assert refused("leave()", Want.KEY)[0] == "a key cannot be leave()"
    assert made("noValue()", Want.KEY) is Special.NO_VALUE


def test_a_list_comes_sorted_by_its_bytes_without_duplicates_and_empty_texts() -> None:
    assert made("['b', 'é', ' ', 'a', 'b', 'Z']", TEXTS) == ("Z", "a", "b", "é")
    assert made("[b'\\xff', b'', b'\\x01']", Name(Type.BINARY, multi=True)) == (b"\x01", b"\xff")


def test_a_missing_value_fails_and_a_missing_list_is_empty() -> None:
    with pytest.raises(EvaluationFailed) as caught:
        made("entry.sAMAccountName")
    assert caught.value.reason == "entry.sAMAccountName has no value"
    assert made("entry.userCertificate == []", Want.CONDITION) is True
    assert made("has(entry.userCertificate)", Want.CONDITION) is False


def test_a_list_attribute_is_a_list_whatever_holds_its_values() -> None:
    for value in ("a", ["a"], ("a",)):
        assert made("entry.proxyAddresses.map(p, p + '!')", TEXTS, proxyAddresses=value) == ("a!",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("entry.mail.left(-1)", "left: -1 characters"),
        ("entry.mail.replace('', 'x')", "replace: the text to replace is empty"),
        ("entry.mail == 'x' ? 'a' : entry.proxyAddresses[2]", "there is no item 2 in a list of 2"),
        ("{'a': 'b'}[source]", "there is no item 'corp' in a map of 1"),
        ("{'a': 'b', 'a': 'c'}['a']", "a key stands twice in a map"),
        ("{1: 'b', 'a': 'c'}['a']", "the keys of a map are of one type: text, number, or true and false"),
        ("{1: 'b', true: 'c'}[1]", "the keys of a map are of one type: text, number, or true and false"),
        ("{{'a': 1}: 'b'}[{'a': 1}]", "the keys of a map are of one type: text, number, or true and false"),
        ("1 / 0 == 1 ? 'a' : 'b'", "a division by zero"),
        ("9223372036854775807 + 1 == 0 ? 'a' : 'b'", "a number does not fit into 64 bits"),
        ("-9223372036854775808 % -1 == 0 ? 'a' : 'b'", "a number does not fit into 64 bits"),
        ("-9223372036854775808 / -1 == 0 ? 'a' : 'b'", "a number does not fit into 64 bits"),
        ("[1, 'a'][0] + [1, 'a'][1]", "+ does not take a number and text"),
        ("[1, 'a'][0]", "the result is a number, not text"),
        ("optional.none().value() + 'x'", "value() of what has no value"),
        ("entry.mail.matches(source + '(') ? 'a' : 'b'", "matches: invalid regular expression: missing ): corp("),
    ],
)
def test_what_fails_says_why(text: str, reason: str) -> None:
    with pytest.raises(EvaluationFailed) as caught:
        made(text)
    assert caught.value.reason == reason


def test_an_attribute_of_another_type_than_promised_fails() -> None:
    with pytest.raises(EvaluationFailed, match="entry.mail is a number, not text"):
        made("entry.mail", mail=3)
    with pytest.raises(EvaluationFailed, match="entry.mail has 2 values"):
        made("entry.mail", mail=("a", "b"))
    assert made("entry.mail", mail=["a"]) == "a"


def test_or_and_and_absorb_an_error_that_does_not_decide() -> None:
    missing = "entry.sAMAccountName == 'x'"
    assert made(f"{missing} || true", Want.CONDITION) is made(f"true || {missing}", Want.CONDITION) is True
    assert made(f"{missing} && false", Want.CONDITION) is made(f"false && {missing}", Want.CONDITION) is False
    assert made(f"[1, 2].exists(n, n == 1 ? {missing} : n == 2)", Want.CONDITION) is True
    assert made(f"[1, 2].all(n, n == 1 ? {missing} : n != 2)", Want.CONDITION) is False
    for text in (f"{missing} || false", f"{missing} && true", f"[1, 2].exists_one(n, n == 1 ? {missing} : true)"):
        with pytest.raises(EvaluationFailed, match="has no value"):
            made(text, Want.CONDITION)


def test_an_expression_says_what_it_reads() -> None:
    text = "has(entry.mail) && entry.mS_DS_ConsistencyGuid != b'' ? object.?mail.orValue(source) : ''"
    names = ENVIRONMENT.compile(text, TEXT).names
    assert names == {
        "entry": frozenset({"mail", "mS-DS-ConsistencyGuid"}),
        "object": frozenset({"mail"}),
        "source": frozenset(),
    }


def test_the_variable_of_a_loop_hides_a_variable_of_that_name() -> None:
    expression = ENVIRONMENT.compile("['a'].map(entry, entry + ['b'].map(entry, entry)[0] + entry)", TEXTS)
    assert expression.evaluate({}) == ("aba",)
    assert expression.names == {}


def test_loops_and_what_they_make_are_limited() -> None:
    ten = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"
    deep = "true"
    for name in "abcdef":
        deep = f"{ten}.all({name}, {deep})"
    with pytest.raises(EvaluationFailed, match="its loops take more than 100,000 steps"):
        made(f"{deep} || true", Want.CONDITION)
    wide = "'x'.replace('x', entry.mail)"
    with pytest.raises(EvaluationFailed, match="it makes more than 4,000,000 characters and items"):
        made(f"[1, 2, 3, 4, 5].map(n, {wide})", TEXTS, mail="y" * 1_000_000)


@pytest.mark.parametrize(
    ("document", "loaded"), [("01-validate/good.yaml", False), ("06-own-rules/syncconfig.yaml", True)]
)
def test_the_library_is_loaded_for_a_document_with_expressions_only(document: str, loaded: bool) -> None:
    program = (
        "import sys; from syncramp.cli import run; code = run(['validate', sys.argv[1]]); "
        "print(code, sorted({'cel_expr_python', 'google.protobuf'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(ROOT / "examples" / document)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"0 {['cel_expr_python', 'google.protobuf'] if loaded else []}"
