"""Every command of every example is typed, in order, and its output compared with what the page says."""

from pathlib import Path

import pytest

from support.console import ROOT, Console, steps
from support.samba import requires_samba
from support.slapd import requires_slapd

NEEDS_SLAPD, NEEDS_SAMBA = {"04-ldap"}, {"18-writeback"}
FOLDERS = sorted(page.parent.name for page in (ROOT / "examples").glob("*/README.md"))


@pytest.mark.parametrize("name", [folder for folder in FOLDERS if folder not in NEEDS_SLAPD | NEEDS_SAMBA])
def test_an_example_does_what_its_page_says(name: str, tmp_path: Path) -> None:
    _play(name, tmp_path)


@requires_slapd
@pytest.mark.parametrize("name", sorted(NEEDS_SLAPD))
def test_an_example_with_a_directory_server_does_what_its_page_says(name: str, tmp_path: Path) -> None:
    _play(name, tmp_path)


@requires_samba
@pytest.mark.parametrize("name", sorted(NEEDS_SAMBA))
def test_an_example_with_a_domain_controller_does_what_its_page_says(name: str, tmp_path: Path) -> None:
    _play(name, tmp_path)


@pytest.mark.parametrize("folder", sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir()))
def test_every_example_has_a_page_with_commands(folder: str) -> None:
    page = ROOT / "examples" / folder / "README.md"
    assert page.exists(), f"{folder} has no README.md"
    assert steps(page.read_text(encoding="utf-8"))


def _play(name: str, folder: Path) -> None:
    where = f"examples/{name}"
    with Console(folder, where) as console:
        assert console.play((folder / where / "README.md").read_text(encoding="utf-8"))
