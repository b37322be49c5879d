"""docs/expressions.md: every example of it is run, and its functions are those of the code."""

import ast
from collections.abc import Iterator
from typing import Any

import pytest

from support.pages import coded, rows, section, text
from syncramp.expr import Environment, EvaluationFailed, Name, Special, Want
from syncramp.expr.functions import FAMILIES, FUNCTIONS, SPECIALS, Family, Function
from syncramp.expr.functions.table import shown
from syncramp.expr.hints import NATIVE, NOT_OFFERED
from syncramp.expr.limits import LONGEST, MOST_SPACE, MOST_STEPS
from syncramp.expr.words import DEEPEST
from syncramp.model.values import Type

PAGE = "docs/expressions.md"
ATTRIBUTES = {
    "sAMAccountName": Name(Type.STRING),
    "displayName": Name(Type.STRING),
    "mail": Name(Type.STRING),
    "userAccountControl": Name(Type.INTEGER),
    "whenCreated": Name(Type.STRING),
    "proxyAddresses": Name(Type.STRING, multi=True),
    "manager": Name(Type.REFERENCE),
    "telephoneNumber": Name(Type.STRING),
    "department": Name(Type.STRING),
    "userCertificate": Name(Type.BINARY, multi=True),
}
ENVIRONMENT = Environment({"entry": ATTRIBUTES, "object": ATTRIBUTES, "source": Type.STRING})
SPECIAL = {"no value": Special.NO_VALUE, "leave": Special.LEAVE, "clear": Special.CLEAR}


def jane() -> dict[str, Any]:
    """The entry of the page."""
    table = rows(text(PAGE), title="attribute")
    return {coded(name)[0]: ast.literal_eval(coded(value)[0]) for name, value in table if value != "none"}


def examples() -> Iterator[tuple[str, str]]:
    """Expression and result of every row of every table that has examples."""
    for line in text(PAGE).replace(r"\|", "¦").splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if line.startswith(("| form", "| result", "| function")):
            at = cells.index("example")
        elif not line.startswith("|"):
            at = -1
        elif at >= 0 and not line.startswith("|---"):
            shown_, results = cells[at].split("<br>"), cells[at + 1].split("<br>")
            for example, result in zip(shown_, results, strict=True):
                yield example.strip("`").replace("¦", "|"), result.strip("`")


def row(function: Function) -> list[str]:
    """A function as the page must have it."""
    forms = (f"`{form}`" for form in function.forms)
    results = dict.fromkeys(shown(overload.result) for overload in function.overloads)
    written, made = zip(*function.examples, strict=True)
    return [
        "<br>".join(forms),
        " or ".join(results),
        function.doc,
        "<br>".join(f"`{example}`" for example in written),
        "<br>".join(f"`{result}`" for result in made),
    ]


def test_the_page_has_many_examples() -> None:
    assert len(list(examples())) > 120


@pytest.mark.parametrize(("example", "result"), list(examples()))
def test_an_example_makes_what_the_page_says(example: str, result: str) -> None:
    values: Any = {"entry": jane(), "object": {}, "source": "corp"}
    if result in SPECIAL:
        wants = ATTRIBUTES["userCertificate" if "userCertificate" in example else "department"]
        assert ENVIRONMENT.compile(example, wants).evaluate(values) is SPECIAL[result]
    elif result.startswith("fails: "):
        with pytest.raises(EvaluationFailed) as caught:
            ENVIRONMENT.compile(example, ATTRIBUTES["department"]).evaluate(values)
        assert caught.value.reason == result.removeprefix("fails: ")
    else:
        assert ENVIRONMENT.compile(f"({example}) == {result}", Want.CONDITION).evaluate(values) is True


@pytest.mark.parametrize("family", list(Family))
def test_the_page_lists_the_functions_as_the_code_has_them(family: Family) -> None:
    expected = [row(function) for function in FUNCTIONS.values() if function.family is family]
    assert rows(section(PAGE, f"### {family.value}")) == expected
    assert family in FAMILIES


def test_every_function_says_what_it_is_and_has_an_example() -> None:
    assert len(FUNCTIONS) > 70
    for function in FUNCTIONS.values():
        assert function.doc.endswith("."), function.name
        assert len(function.examples) >= 1, function.name
        assert all(function.name in example for example, _ in function.examples), function.name


def test_the_page_leads_from_their_names_to_ours() -> None:
    ours = {name for _, here in rows(section(PAGE, "## Coming from Azure AD Connect")) for name in coded(here)}
    known = {*FUNCTIONS, *NATIVE, "?:", *(f"{name}()" for name in SPECIALS)}
    assert ours <= known
    assert "now" in NOT_OFFERED


def test_the_page_tells_the_limits() -> None:
    limits = dict(rows(section(PAGE, "## Limits")))
    assert limits["characters of an expression"] == f"{LONGEST:,}"
    assert limits["levels of nesting"] == str(DEEPEST)
    assert limits["steps of all loops of one evaluation"] == f"{MOST_STEPS:,}"
    assert limits["characters, bytes and items that one evaluation makes"] == f"{MOST_SPACE:,}"
