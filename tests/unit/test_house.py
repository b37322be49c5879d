"""The state of the checkout itself: what must never be in it, and what must always be."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 400
"""Lines of a module or a page; the schema of the CRD is one object and longer."""
PLACES = re.compile(r"(?<![\w.])/(?:work|root|home/(?!you/)\w+|Users/\w+)(?:/|\b)")
"""Paths that exist on the machine of whoever wrote them; /home/you stands for the reader's."""
REQUIREMENTS = {
    "demo": ("simulator",),
    "dev": ("simulator", "operator", "dev"),
    "operator": ("operator", "postgresql", "simulator"),
}


def _files() -> list[Path]:
    """What the project consists of: tracked, or new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:  # unpacked from an archive
        names = (path for path in ROOT.rglob("*") if not any(part.startswith(".venv") for part in path.parts))
        return [path for path in names if path.is_file()]
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


FILES = _files()
WRITTEN = [path for path in FILES if path.suffix in {".py", ".md", ".yaml", ".toml", ""} and path.name != "LICENSE"]


@pytest.mark.parametrize("folder", ["operator", "reconciler", "tests"])
def test_a_source_root_is_no_package(folder: str) -> None:
    """``operator/__init__.py`` would shadow Python's own module of that name."""
    assert (ROOT / folder).is_dir()
    assert not (ROOT / folder / "__init__.py").exists()


def test_no_folder_below_tests_is_a_package() -> None:
    assert [path for path in FILES if path.name == "__init__.py" and path.is_relative_to(ROOT / "tests")] == []


def test_no_module_and_no_page_is_too_long_to_read() -> None:
    pages = [path for path in WRITTEN if path.suffix in {".py", ".md"}]
    sizes = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in pages}
    assert len(sizes) > 100
    assert {name: size for name, size in sizes.items() if size > LONGEST} == {}


def test_no_path_of_somebodys_machine_is_in_a_file() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in WRITTEN
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if PLACES.search(line) and path != Path(__file__)
    ]
    assert found == []


@pytest.mark.parametrize("text", ["/home/anna/syncramp", "see /home/anna", "(/Users/anna/a)", "file:///home/anna/x"])
def test_a_path_of_somebodys_machine_is_recognised(text: str) -> None:
    assert PLACES.search(text)


@pytest.mark.parametrize("text", ["/home/you/syncramp", "docs/home/x", "DIR/Users", "https://host/home/x"])
def test_other_paths_are_not_taken_for_one(text: str) -> None:
    assert not PLACES.search(text)


@pytest.mark.parametrize("name", sorted([*REQUIREMENTS, "build"]))
def test_every_requirement_is_pinned_with_a_hash(name: str) -> None:
    for requirement in _locked(name):
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==\S+", requirement), requirement
        assert "--hash=sha256:" in requirement


@pytest.mark.parametrize("name", sorted(REQUIREMENTS))
def test_the_lock_covers_what_the_project_needs(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    needed = list(project["project"]["dependencies"])
    if name != "operator":  # whose image is built with requirements/build.txt, and does not keep it
        needed += project["build-system"]["requires"]
    needed += [requirement for extra in REQUIREMENTS[name] for requirement in extras[extra]]
    names = {_name(requirement) for requirement in needed} - {"syncramp"}
    assert names - {_name(requirement) for requirement in _locked(name)} == set()


def test_no_regular_expression_repeats_a_group_possessively() -> None:
    """Python before 3.11.5 (Debian 12 has 3.11.2) matches ``(…)*+`` past its end (CPython issue 106052)."""
    modules = [path for path in WRITTEN if path.suffix == ".py" and "tests" not in path.relative_to(ROOT).parts]
    assert len(modules) > 100
    assert [path.name for path in modules if re.search(r"\)[*+?]\+", path.read_text(encoding="utf-8"))] == []


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_check_of_the_project_can_be_executed() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def _locked(name: str) -> list[str]:
    """Each requirement of a lock with its hashes, on one line."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()
