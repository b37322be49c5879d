"""What is wrong with an expression is told with its place and in words of ours."""

import re

import pytest

from syncramp.expr import Environment, ExpressionError, Name, Want
from syncramp.expr.functions import FUNCTIONS, SPECIALS
from syncramp.expr.hints import NATIVE, NOT_OFFERED
from syncramp.expr.words import DEEPEST
from syncramp.model.values import Type

TEXT, TEXTS = Name(Type.STRING), Name(Type.STRING, multi=True)
ATTRIBUTES = {
    "mail": TEXT,
    "proxyAddresses": TEXTS,
    "userAccountControl": Name(Type.INTEGER),
    "mS-DS-ConsistencyGuid": Name(Type.BINARY),
}
ENVIRONMENT = Environment({"entry": ATTRIBUTES, "source": Type.STRING})


def problems(text: str, wants: Name | Want = TEXT) -> list[tuple[str, int, int, str]]:
    with pytest.raises(ExpressionError) as caught:
        ENVIRONMENT.compile(text, wants)
    return [(problem.what, problem.line, problem.column, problem.remedy) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("entry.mial", ("entry has no attribute 'mial'", 1, 7, "did you mean 'mail'?")),
        ("entry.Mail", ("entry has no attribute 'Mail'", 1, 7, "did you mean 'mail'?")),
        ("'ü' +\n  entry.zzz", ("entry has no attribute 'zzz'", 2, 9, "")),
        ("has(entry.mial) ? 'a' : 'b'", ("entry has no attribute 'mial'", 1, 11, "did you mean 'mail'?")),
        ("entry.?mial", ("entry has no attribute 'mial'", 1, 8, "did you mean 'mail'?")),
        ("sourc", ("'sourc' is neither a variable nor a function", 1, 1, "did you mean 'source'?")),
        ("source + lowr('A')", ("'lowr' is neither a variable nor a function", 1, 10, "did you mean 'lower'?")),
        (
            "string(now())",
            (
                "'now' is not offered",
                1,
                8,
                "a rule has no clock, so that the same entry always gives the same object",
            ),
        ),
        ("timestamp(source)", ("'timestamp' is not offered", 1, 1, "times are text here: use time(...)")),
        ("lower(entry.proxyAddresses)", ("lower() does not take a list of text", 1, 1, "it takes lower(text)")),
        (
            "entry.proxyAddresses.startsWith('a') ? 'a' : 'b'",
            ("startsWith() does not take a list of text and text", 1, 22, "it takes startsWith(text, text)"),
        ),
        (
            "'a' + 1",
            (
                "+ does not take text and a number",
                1,
                5,
                "string(...) makes text of a number, int(...) a number of text",
            ),
        ),
        (
            "entry.mail == null ? 'a' : 'b'",
            ("== does not take text and null", 1, 12, "ask has(entry.mail) whether there is a value"),
        ),
        (
            "entry['mail']",
            (
                "[...] does not take all attributes of entry and text",
                1,
                6,
                "name one attribute behind a dot: entry.mail",
            ),
        ),
        (
            "base64(entry.mS-DS-ConsistencyGuid)",
            ("entry has no attribute 'mS'", 1, 14, "a dash is written _: entry.mS_DS_ConsistencyGuid"),
        ),
        (
            "entry.?mail + 'a'",
            (
                "+ does not take text that may be missing and text",
                1,
                13,
                "say what a missing value means: .orValue(...)",
            ),
        ),
        (
            "source == entry.proxyAddresses ? 'a' : 'b'",
            (
                "== does not take text and a list of text",
                1,
                8,
                "take one of the list's values, first(...), or look at all: exists(x, ...), map(x, ...)",
            ),
        ),
        (
            "true ? 'a' : null",
            ("?: has text on one side and null on the other", 1, 6, "write noValue() in place of null"),
        ),
        ("source.mail", ("text has nothing to choose by a name", 1, 7, "")),
        ("source.map(x, x)", ("a loop goes over a list or a map, not over text", 1, 1, "")),
        ("entry", ("entry stands for all attributes", 1, 1, "name one of them: entry.mail")),
        ("'a' +", ("the expression ends too early", 1, 6, "")),
        ("", ("the expression ends too early", 1, 1, "")),
        ("'a", ("a text is not closed", 1, 1, "end it with '")),
        ("source 'a'", ("'a' is not expected here", 1, 8, "")),
        ("source = 'a'", ("'=' is not understood", 1, 8, "== compares")),
        ("lower('a'", (") is missing", 1, 10, "")),
        ("'a' + 1.5", ("+ does not take text and a number with a point", 1, 5, "")),
        ("1.5 > 1.0 ? 'a' : 'b'", ("numbers are whole numbers here", 1, 1, "write it without a point and without u")),
        ("1u > 0u ? 'a' : 'b'", ("numbers are whole numbers here", 1, 1, "write it without a point and without u")),
        ("string", ("string is a type, and types are no values here", 1, 1, "")),
        (
            "google.protobuf.Duration{} == google.protobuf.Duration{} ? 'a' : 'b'",
            ("google.protobuf.Duration is a type, and types are no values here", 1, 1, ""),
        ),
        ("{?'a': entry.?mail}['a']", ("an entry of a map cannot be missing", 1, 1, "leave the ? away")),
        ("has(entry)", ("has() asks for one attribute", 1, 5, "write has(entry.mail)")),
        ("for", ("for is a word that CEL keeps for itself", 1, 1, "")),
        ("source == 'a' and true ? 'a' : 'b'", ("and is not expected here", 1, 15, "write &&")),
        ("IIF(true, 'a', 'b')", ("'IIF' is not offered", 1, 1, "write condition ? one : other")),
        ("source.lower(1)", ("'lower' is not used like this", 1, 8, "it takes lower(text)")),
        (
            "['a'].exists(i, x, true) ? 'a' : 'b'",
            ("'exists' is not used like this", 1, 7, "write exists(x, condition)"),
        ),
        ("0[", ("the expression ends too early", 1, 3, "")),
        ("leave(1)", ("'leave' is not used like this", 1, 1, "write leave()")),
        ("['a'].filter(x, x)[0]", ("a condition is text, not true or false", 1, 13, "")),
        ("source[0]", ("[...] does not take text and a number", 1, 7, "")),
        ("'\\q'", ("a text is not closed", 1, 1, "a backslash is written \\\\")),
        ("source\x00", ("a sign is not understood", 1, 7, "")),
        ("99999999999999999999", ("invalid int literal", 1, 1, "")),
        ("matches(source, '(')", ("invalid regular expression: missing ): (", 1, 17, "write it as RE2 does")),
        ("source & 'a'", ("'&' is not understood", 1, 8, "+ joins texts, && is and, bitAnd(...) is for bits")),
        ("\ud800", ("it has a character that is no text (a lone surrogate)", 1, 1, "")),
        ("'" + "x" * 10_000 + "'", ("it has more than 10,000 characters", 1, 1, "")),
    ],
)
def test_a_problem_is_told_with_its_place(text: str, problem: tuple[str, int, int, str]) -> None:
    assert problems(text)[0] == problem


@pytest.mark.parametrize(
    ("text", "wants", "problem"),
    [
        (
            "entry.proxyAddresses",
            TEXT,
            ("it makes a list of text, but text is wanted", "take one of its values: first(...)"),
        ),
        ("entry.mail", TEXTS, ("it makes text, but a list of text is wanted", "put it between brackets: [...]")),
        ("entry.userAccountControl", TEXT, ("it makes a number, but text is wanted", "make text of it: string(...)")),
        ("entry.mail", Want.CONDITION, ("it makes text, but true or false is wanted", "")),
        (
            "{'a': true}.?a",
            Want.CONDITION,
            (
                "it makes true or false that may be missing, but true or false is wanted",
                "say what a missing value means: .orValue(...)",
            ),
        ),
        (
            "[entry.?mail]",
            TEXTS,
            (
                "it makes a list of text that may be missing, but a list of text is wanted",
                "leave out what is missing: [?entry.?mail]",
            ),
        ),
        ("[1]", TEXTS, ("it makes a list of number, but a list of text is wanted", "")),
    ],
)
def test_what_makes_something_else_than_wanted_is_refused(
    text: str, wants: Name | Want, problem: tuple[str, str]
) -> None:
    what, line, column, remedy = problems(text, wants)[0]
    assert ((what, remedy), line, column) == (problem, 1, 1)


def test_several_problems_are_told_at_once() -> None:
    assert [problem[:3] for problem in problems("foo(1) + entry.zzz + now()")] == [
        ("'foo' is neither a variable nor a function", 1, 1),
        ("entry has no attribute 'zzz'", 1, 16),
        ("'now' is not offered", 1, 22),
    ]


def test_a_name_with_dashes_hides_no_other_problem() -> None:
    told = problems("base64(entry.mS-DS-ConsistencyGuid) + entry.mial\n + entry.mS-Other")
    assert [(what, line, column) for what, line, column, _ in told] == [
        ("entry has no attribute 'mS'", 1, 14),
        ("entry has no attribute 'mial'", 1, 45),
        ("entry has no attribute 'mS'", 2, 10),
        ("'Other' is neither a variable nor a function", 2, 13),
    ]


def test_an_error_reads_as_one_line() -> None:
    with pytest.raises(ExpressionError) as caught:
        ENVIRONMENT.compile("entry.mial", TEXT)
    assert str(caught.value) == "line 1, column 7: entry has no attribute 'mial'; did you mean 'mail'?"
    assert (caught.value.line, caught.value.column) == (1, 7)


@pytest.mark.parametrize("text", ["(" * 500 + "'a'" + ")" * 500, "+".join(["'a'"] * 40), "'a'" + ".lower()" * 40])
def test_too_deep_an_expression_is_refused_and_does_not_end_the_process(text: str) -> None:
    assert problems(text) == [
        (f"it is nested deeper than {DEEPEST} levels", 1, 1, "do it in fewer steps, or in two rules")
    ]


def test_every_hint_leads_to_what_is_offered() -> None:
    known = {*FUNCTIONS, *NATIVE, *SPECIALS, "condition"}
    for name, hint in NOT_OFFERED.items():
        assert name not in FUNCTIONS
        assert not hint.startswith("write ") or known & set(re.findall(r"\w+", hint)), hint


def test_two_attributes_that_are_spelled_alike_are_no_environment() -> None:
    with pytest.raises(ValueError, match="two attributes of entry are spelled alike"):
        Environment({"entry": {"a-b": TEXT, "a_b": TEXT}})
    with pytest.raises(ValueError, match="source is no text"):
        Environment({"source": Type.INTEGER})
