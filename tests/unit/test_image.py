"""The image as its Dockerfile has it: what is copied is there, what is installed is locked, nobody is root."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

import syncramp
from support.pages import text

ROOT = Path(__file__).parents[2]
INSTRUCTIONS = [
    re.split(r"\s+", line.strip(), maxsplit=1)
    for line in re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text("Dockerfile"), flags=re.MULTILINE)).splitlines()
    if line.strip()
]
COPIED = [
    source
    for name, words in INSTRUCTIONS
    if name == "COPY" and not words.startswith("--from")
    for source in words.split()[:-1]
]
RUN = " && ".join(words for name, words in INSTRUCTIONS if name == "RUN")
STAGES = [number for number, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM"]
FINAL = INSTRUCTIONS[STAGES[-1] :]


def _ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path out; the last line that fits decides."""
    kept = True
    for line in text(".dockerignore").splitlines():
        pattern = line.removeprefix("!")
        parts = [path, *(str(parent) for parent in Path(path).parents)]
        if not line.startswith("#") and any(fnmatch(part, pattern.removeprefix("**/")) for part in parts):
            kept = line.startswith("!")
    return not kept


def test_everything_that_is_copied_is_there_and_is_sent_to_the_builder() -> None:
    assert len(COPIED) >= 5
    for path in COPIED:
        assert (ROOT / path).exists(), path
        assert not _ignored(path), path


def test_nothing_else_is_sent_to_the_builder() -> None:
    sent = {line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")}
    assert sent == set(COPIED)
    assert all(_ignored(path) for path in (".git", ".venv", "tests", "docs/cli.md", "requirements/dev.txt"))


def test_a_wheel_can_be_built_of_what_is_copied() -> None:
    project = text("pyproject.toml")
    for named in re.findall(
        r'"((?:operator|reconciler)/\w+)"|readme = "([\w.]+)"|license-files = \["(\w+)"\]', project
    ):
        (path,) = filter(None, named)
        assert path.partition("/")[0] in COPIED, path


@pytest.mark.parametrize("name", ["build", "operator"])
def test_dependencies_are_installed_by_their_hashes_and_never_built(name: str) -> None:
    assert re.search(rf"install --require-hashes --only-binary :all:\s+-r requirements/{name}\.txt", RUN)


def test_what_has_no_wheel_is_compiled_by_its_hash_with_what_is_locked() -> None:
    (command,) = (part for part in RUN.split("&&") if "kerberos.txt" in part)
    assert {"wheel", "--require-hashes", "--no-build-isolation", "--no-deps"} <= set(command.split())
    assert {"cython", "setuptools"} <= set(re.findall(r"^(\w+)==", text("requirements/build.txt"), re.MULTILINE))


def test_the_project_itself_is_installed_without_an_index() -> None:
    for command in (part for part in RUN.split("&&") if "pip" in part and "require-hashes" not in part):
        assert "-m venv" in command or {"--no-deps", "--no-index"} <= set(command.split()), command


def test_the_image_runs_the_operator_as_nobody_in_particular() -> None:
    last = dict(FINAL)
    context = yaml.safe_load(text("manifests/base/deployment.yaml"))["spec"]["template"]["spec"]["securityContext"]
    assert last["USER"] == f"{context['runAsUser']}:{context['runAsGroup']}"
    assert last["ENTRYPOINT"] == '["python", "-m", "syncramp_operator"]'
    assert re.findall(r"install.*?(lib[\w-]+)", last["RUN"]) == ["libgssapi-krb5-2"]
    assert last["COPY"] == "--from=build /opt/syncramp /opt/syncramp"


def test_the_image_says_which_release_it_is() -> None:
    labels = dict(FINAL)["LABEL"]
    assert f'org.opencontainers.image.version="{syncramp.__version__}"' in labels
    assert 'org.opencontainers.image.licenses="Apache-2.0"' in labels


def test_both_stages_have_the_same_python_because_the_environment_is_copied() -> None:
    bases = {words.split()[0] for name, words in INSTRUCTIONS if name == "FROM"}
    assert len(STAGES) == 2
    assert len(bases) == 1
