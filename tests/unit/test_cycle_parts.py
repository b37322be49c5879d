"""Pages of facts, which wait for the run's thread, are short where facts are large."""

from types import SimpleNamespace
from typing import Any

import pytest

from support.build import user
from syncramp.cycle.parts import PAGE, Part


@pytest.mark.parametrize(("size", "longest"), [(100, PAGE), (100_000, 10)])
def test_a_page_has_few_people_with_large_photographs(size: int, longest: int) -> None:
    people = [user(number, thumbnailPhoto=bytes(size)) for number in range(PAGE + 1)]
    source: Any = SimpleNamespace(name="corp", read=lambda *_: iter(people))
    phase: Any = SimpleNamespace(part=lambda *_: None)
    rules: Any = SimpleNamespace(wanted=frozenset())
    known: Any = SimpleNamespace(watermark=None, horizon=None, sentinels={})
    nothing: Any = None
    part = Part(nothing, nothing, phase, source, rules, 1, "all", nothing, known)
    pages = list(part.read(lambda call: call()))
    assert [fact for page in pages for fact in page] == people
    assert max(map(len, pages)) <= longest and len(pages[0]) > 1
