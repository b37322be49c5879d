"""Every command of the README and of every page in docs/ is typed, in order, and its output compared."""

from pathlib import Path

import pytest

from support.console import ROOT, Console, Treatment, steps, treatment

PAGES = ["README.md", *(str(page.relative_to(ROOT)) for page in sorted((ROOT / "docs").rglob("*.md")))]


def _runs(page: str) -> bool:
    told = steps((ROOT / page).read_text(encoding="utf-8"))
    return any(treatment(step.command) is not Treatment.ELSEWHERE for step in told)


@pytest.mark.parametrize("page", [page for page in PAGES if _runs(page)])
def test_a_page_tells_what_happens(page: str, tmp_path: Path) -> None:
    with Console(tmp_path) as console:
        assert console.play((tmp_path / page).read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", ["README.md", "docs/cli.md", "docs/plan-json.md", "docs/run-json.md"])
def test_the_pages_that_show_the_product_hold_commands_that_run(page: str) -> None:
    assert _runs(page)
