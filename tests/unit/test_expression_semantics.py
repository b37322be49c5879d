"""What the evaluation must keep whatever an expression and an entry are; and that it means what CEL means.

The checker's library can evaluate too. It is the other opinion here, on expressions of what CEL itself has: there our
evaluation must come to the same value, or fail as well. Version 0.1.3 of it is wrong where a loop ends early and
``optMap`` follows, so conditions have no ``optMap`` here.
"""

from typing import Any

import pytest
from cel_expr_python import cel
from cel_expr_python.ext import ext_optional
from hypothesis import given, settings
from hypothesis import strategies as st

from syncramp.expr import Environment, EvaluationFailed, ExpressionError, Name, Special, Want
from syncramp.expr.functions import FUNCTIONS
from syncramp.model.values import Type

TEXT, TEXTS = Name(Type.STRING), Name(Type.STRING, multi=True)
ATTRIBUTES = {"s": TEXT, "t": TEXT, "n": Name(Type.INTEGER), "l": TEXTS, "b": Name(Type.BOOLEAN)}
OURS = Environment({"entry": ATTRIBUTES})
THEIRS = cel.NewEnv(
    variables={"entry": cel.Type.Map(cel.Type.STRING, cel.Type.DYN)}, extensions=[ext_optional.ExtOptional(1)]
)
LITERALS = ["'a'", "'b'", "''", "'ü'"]
NUMBERS = ["0", "1", "-1", "3", "9223372036854775807"]


def _texts(deeper: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} + {})".format, deeper, deeper),
        st.builds("entry.?s.orValue({})".format, deeper),
        st.builds("({} == {} ? {} : {})".format, deeper, deeper, deeper, deeper),
        st.builds("entry.?l[?{}].orValue({})".format, st.sampled_from(NUMBERS), deeper),
        st.builds("{{'a': {}, 'b': 'c'}}[{}]".format, deeper, deeper),
        st.builds("[{}, ?entry.?t, {}][1]".format, deeper, deeper),
    )


def _bound(deeper: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return _texts(deeper) | st.builds("entry.?t.optMap(x, x + {}).orValue('none')".format, deeper)


PLAIN = st.sampled_from([*LITERALS, "entry.s", "entry.t", "entry.l[0]"])
TEXT_EXPRESSIONS = st.recursive(PLAIN, _texts, max_leaves=6)
NUMBER_EXPRESSIONS = st.recursive(
    st.sampled_from([*NUMBERS, "entry.n", "size(entry.l)"]),
    lambda deeper: st.builds("({} {} {})".format, deeper, st.sampled_from(["+", "-", "*", "/", "%"]), deeper),
    max_leaves=4,
)
ATOMS = st.one_of(
    st.builds(
        "{} {} {}".format, TEXT_EXPRESSIONS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), TEXT_EXPRESSIONS
    ),
    st.builds("{} {} {}".format, NUMBER_EXPRESSIONS, st.sampled_from(["==", "<", ">="]), NUMBER_EXPRESSIONS),
    st.builds("{} in [{}, 'a']".format, TEXT_EXPRESSIONS, TEXT_EXPRESSIONS),
    st.builds("entry.l.{}(x, x == {})".format, st.sampled_from(["all", "exists", "exists_one"]), TEXT_EXPRESSIONS),
    st.builds("entry.l.filter(x, x < {}) == entry.l.map(x, x + {})".format, TEXT_EXPRESSIONS, TEXT_EXPRESSIONS),
    st.builds("entry.l.map(x, x != 'a', x + {}).exists(y, entry.l.all(x, x < y))".format, TEXT_EXPRESSIONS),
    st.sampled_from(["has(entry.s)", "has(entry.l)", "entry.b", "true", "false"]),
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda deeper: st.one_of(
        st.builds("({} && {})".format, deeper, deeper),
        st.builds("({} || {})".format, deeper, deeper),
        st.builds("!({})".format, deeper),
    ),
    max_leaves=4,
)
ENTRIES = st.fixed_dictionaries(
    {"l": st.lists(st.sampled_from(["a", "b", "ü", ""]), min_size=1, max_size=3).map(tuple)},
    optional={
        "s": st.sampled_from(["a", "b", "ü"]),
        "t": st.sampled_from(["a", "z"]),
        "n": st.sampled_from([0, 1, -7, 2**63 - 1]),
        "b": st.booleans(),
    },
)


def _theirs(expression: Any, entry: dict[str, Any]) -> object:
    """Their value; None when it failed."""
    given_ = {name: list(value) if isinstance(value, tuple) else value for name, value in entry.items()}
    result = expression.eval(data={"entry": given_})
    return None if result.type().name() == "ERROR" else result.value()


def _ours(text: str, wants: Name | Want, entry: dict[str, Any]) -> object:
    try:
        return OURS.compile(text, wants).evaluate({"entry": entry})
    except EvaluationFailed as error:
        assert error.reason
        return None


@settings(max_examples=400, deadline=None)
@given(text=CONDITIONS, entry=ENTRIES)
def test_a_condition_means_what_cel_means(text: str, entry: dict[str, Any]) -> None:
    assert _ours(text, Want.CONDITION, entry) == _theirs(THEIRS.compile(text), entry)


@settings(max_examples=200, deadline=None)
@given(text=st.recursive(PLAIN, _bound, max_leaves=6), entry=ENTRIES)
def test_a_text_means_what_cel_means(text: str, entry: dict[str, Any]) -> None:
    theirs = _theirs(THEIRS.compile(text), entry)
    assert _ours(text, TEXT, entry) == (Special.NO_VALUE if theirs == "" else theirs)


@settings(max_examples=100, deadline=None)
@given(text=NUMBER_EXPRESSIONS, entry=ENTRIES)
def test_a_number_means_what_cel_means(text: str, entry: dict[str, Any]) -> None:
    assert _ours(text, Name(Type.INTEGER), entry) == _theirs(THEIRS.compile(text), entry)


def test_what_follows_a_loop_that_ends_early_is_right() -> None:
    text = "[1, 2].exists(q, q == 1) && optional.of(1).optMap(z, z + 1).value() == 2"
    assert _ours(text, Want.CONDITION, {}) is True
    assert _theirs(THEIRS.compile(text), {}) is False, "the library is right now: let conditions have optMap again"


ARGUMENTS: dict[str, st.SearchStrategy[str]] = {
    "text": st.text(max_size=12).map(lambda text: "'" + "".join(f"\\U{ord(sign):08x}" for sign in text) + "'"),
    "number": st.integers(-(2**63), 2**63 - 1).map(str) | st.integers(-3, 12).map(str),
    "bool": st.sampled_from(["true", "false"]),
    "bytes": st.binary(max_size=30).map(lambda raw: "b'" + "".join(f"\\x{byte:02x}" for byte in raw) + "'"),
    "list of number": st.sampled_from(["[]", "[1, 2]", "[3, -1, 3]"]),
    "list of text": st.sampled_from(["[]", "['a', 'B', 'b']", "entry.l"]),
    "map of text": st.sampled_from(["{}", "{'a': 'b'}", "{'ab': ''}"]),
}
STANDS_FOR = {
    "any": "'a'",
    "list of any": "entry.l",
    "map of any": "{'a': 'x'}",
    "list of optional any": "[entry.?s, optional.of('a')]",
}


@st.composite
def calls(draw: st.DrawFn) -> str:
    """A call of a function of ours with any arguments of its types."""
    form = draw(st.sampled_from([form for function in FUNCTIONS.values() for form in function.forms]))
    name, _, types = form.removesuffix(")").partition("(")
    arguments = [STANDS_FOR[type_] if type_ in STANDS_FOR else draw(ARGUMENTS[type_]) for type_ in types.split(", ")]
    return f"{name}({', '.join(arguments)})"


@settings(max_examples=600, deadline=None)
@given(text=calls())
def test_a_function_gives_a_value_or_says_why_not_and_always_the_same(text: str) -> None:
    try:
        expression = OURS.compile(f"[{text}] == [{text}]", Want.CONDITION)
    except ExpressionError as error:
        assert text.startswith("matches(") and error.what.startswith("invalid regular expression")
        return
    values: Any = {"entry": {"l": ("a", "b"), "s": "a"}}
    try:
        assert expression.evaluate(values) is True
    except EvaluationFailed as error:
        assert error.reason.startswith((f"{text.partition('(')[0]}: ", "it makes more than"))


@settings(max_examples=200, deadline=None)
@given(items=st.lists(st.text(max_size=4), max_size=6))
def test_a_list_that_is_a_result_is_canonical(items: list[str]) -> None:
    value = OURS.compile("entry.l", TEXTS).evaluate({"entry": {"l": tuple(items)}})
    expected = tuple(sorted({item for item in items if item.strip()}, key=str.encode))
    assert value == (expected or Special.NO_VALUE)


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=30) | st.text("entry.lsx()[]'\"?:+-&|!<>= 01{},", max_size=30))
def test_any_text_is_an_expression_or_is_refused_with_a_place_in_it(text: str) -> None:
    try:
        expression = OURS.compile(text, TEXT)
    except ExpressionError as error:
        for problem in error.problems:
            assert problem.what and problem.line >= 1 and problem.column >= 1
    else:
        assert _ours(expression.text, TEXT, {"s": "a"}) is not NotImplemented


@pytest.mark.parametrize(
    "text", ["int(' 5')", "int('0x10')", "int('1_0')", "int('٣')", "bool('1')", "int('9223372036854775808')"]
)
def test_what_libraries_convert_differently_is_an_error(text: str) -> None:
    with pytest.raises(EvaluationFailed):
        OURS.compile(f"string({text})", TEXT).evaluate({"entry": {}})
