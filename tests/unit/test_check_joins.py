"""What is wrong with joins, and where."""

from support.documents import findings, minimal, said


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
    found = said(minimal({"spec.identity.merge": {"title": "Merge", "proxyAddresses": "Merge"}}))
    assert found == {("spec.identity.merge.title", "is no attribute with several values of a user or a contact")}
