"""What a plan tells beside its changes."""

from dataclasses import replace

import pytest

from support.build import config, user, user_dn
from support.engine import Engine
from support.model import ListSource
from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.report.json import plan_document
from syncramp.report.text import plan_lines
from syncramp.spec.types import Join, JoinBy

MAIL = Join(frozenset({Kind.USER}), JoinBy.MAIL)


def other(number: int, **attributes: str) -> Entry:
    """An entry of the second forest."""
    return user(1000 + number, "Forest", mail="one@example.com", **attributes)


@pytest.mark.parametrize("type_", ["1", "2"], ids=["a create waits", "nothing to do"])
def test_a_plan_names_both_entries_of_an_ambiguous_join(tmp_path, type_) -> None:
    corp, forest = ListSource("corp"), ListSource("forest")
    engine = Engine(tmp_path / "state.db", sources=[corp, forest])
    made = config(sources=("corp", "forest"), endpoint=engine.config.target.endpoint)
    engine.config = replace(made, joins=(MAIL,))
    corp.add(user(1, mail="one@example.com"))
    forest.add(other(1))
    engine.settle()
    forest.add(other(9, msExchRecipientTypeDetails=type_))
    report, plan = engine.run(sends=False)
    assert plan.empty is (type_ == "2")
    told = ["\n".join(plan_lines(plan, report)), "".join(plan_document(plan, report, (), list))]
    for text in told:
        assert "not joined, because it is not clear with whom" in text
        assert user_dn(1001, "Forest") in text and user_dn(1009, "Forest") in text
