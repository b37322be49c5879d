"""What is wrong with joins, and where."""

import pytest

from support.documents import findings, minimal, said

JOINS = {"spec.identity.joins": [{"by": "mail"}]}


def test_an_expression_that_does_not_compile_is_told_with_its_place() -> None:
    found = said(minimal({"spec.identity.joins": [{"by": "mail"}, {"expression": "lower(entry.mial)"}]}))
    assert found == {("spec.identity.joins[1].expression", "line 1, column 13: entry has no attribute 'mial'")}


def test_what_a_directory_may_have_beside_what_is_known_can_be_declared_for_a_join() -> None:
    (found,) = findings(minimal({"spec.identity.joins": [{"expression": "entry.contosoBadge"}]}))
    assert found.remedy == "declare it in spec.attributes if the directory has it"


def test_an_expression_of_a_join_makes_one_text() -> None:
    (found,) = said(minimal({"spec.identity.joins": [{"expression": "entry.proxyAddresses"}]}))
    assert found[0] == "spec.identity.joins[0].expression"


def test_an_attribute_that_the_document_declares_can_be_shared() -> None:
    declared = {"spec.attributes": [{"name": "contosoBadge"}]}
    assert said(minimal({**declared, "spec.identity.joins": [{"expression": "entry.contosoBadge"}]})) == set()


def test_only_lists_are_merged() -> None:
    found = said(minimal({**JOINS, "spec.identity.merge": {"title": "Merge", "proxyAddresses": "Merge"}}))
    assert found == {("spec.identity.merge.title", "is no attribute with several values of a user or a contact")}


def test_a_list_that_is_spelled_otherwise_is_told_how() -> None:
    (found,) = findings(minimal({**JOINS, "spec.identity.merge": {"proxyaddresses": "Merge"}}))
    assert found.remedy == "did you mean proxyAddresses?"


def test_what_is_merged_needs_entries_that_are_joined() -> None:
    for joins in ({}, {"spec.identity.joins": []}):
        (found,) = findings(minimal({**joins, "spec.identity.merge": {"proxyAddresses": "Merge"}}))
        assert (found.path, found.remedy) == ("spec.identity.merge", "add joins, or remove merge")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("entry.contosoBadge", "declare it in spec.attributes if the directory has it"),
        ("entry.mial", "did you mean 'mail'? otherwise declare it in spec.attributes if the directory has it"),
        ("object.mail", "name a function, or a variable: entry, source"),
        ("enty.mail", "did you mean 'entry'?"),
    ],
)
def test_an_expression_of_a_join_is_told_what_it_may_name(text: str, remedy: str) -> None:
    (found,) = findings(minimal({"spec.identity.joins": [{"expression": text}]}))
    assert found.remedy == remedy
