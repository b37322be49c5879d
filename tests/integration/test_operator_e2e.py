"""The documents of the end-to-end tests: each rule of the CRD has one that breaks it, and it breaks no other."""

from support.kube_api_documents import BROKEN, MOVED, document
from syncramp.check import verdict_of
from syncramp.check.twins import TRANSITIONS, TWINS


def test_every_rule_of_the_crd_has_a_document_that_breaks_it_alone() -> None:
    rules = {rule for rule in TWINS if not rule[0].startswith("status")}
    assert {(broken.place, broken.rule) for broken in BROKEN} == rules
    assert {(moved.place, moved.rule) for moved in MOVED} == set(TRANSITIONS)
    for broken in BROKEN:
        assert len(verdict_of(document("broken", "identity", broken.patch))) == 1, broken.name
