"""The wheel: built without a network, installed into a folder of its own, and used from outside the checkout.

The interpreter runs without ``site`` (``-S``), so that nothing but that folder and the dependencies is on its path:
the editable installation of the checkout is a ``.pth`` file, and those are read by ``site``.
"""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from zipfile import ZipFile

import pytest

from support.documents import EXAMPLES
from syncramp import __version__
from syncramp.spec.schema import CRDS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    pip("wheel", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    pip("install", "--target", str(folder), str(wheel))
    return folder


def pip(command: str, *arguments: str) -> None:
    """Pip without a network and without dependencies."""
    options = ["--disable-pip-version-check", "--quiet", "--no-index", "--no-deps", "--no-cache-dir"]
    subprocess.run([sys.executable, "-m", "pip", command, *options, *arguments], check=True, timeout=300)


def python(installed: Path, outside: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in a folder outside the checkout, with the installed wheel and the dependencies."""
    paths = sysconfig.get_paths()
    path = os.pathsep.join([str(installed), *{paths["purelib"], paths["platlib"]}])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path, "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        cwd=outside,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_code_that_runs_is_that_of_the_wheel(installed: Path, tmp_path: Path) -> None:
    program = (
        "import sys, syncramp, syncramp_operator as o; print(syncramp.__file__, o.__file__, *sys.path, sep='\\n')"
    )
    done = python(installed, tmp_path, "-c", program)
    engine, operator, *path = done.stdout.splitlines()
    assert engine == str(installed / "syncramp" / "__init__.py")
    assert operator == str(installed / "syncramp_operator" / "__init__.py")
    assert not {str(ROOT), str(ROOT / "reconciler"), str(ROOT / "operator")} & set(path)


def test_validate_judges_from_an_installed_wheel_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    for name in ("good.yaml", "germany.yaml"):
        (tmp_path / name).write_bytes((EXAMPLES / name).read_bytes())
    command = str(installed / "bin" / "syncramp")
    done = python(installed, tmp_path, command, "validate", "good.yaml")
    assert (done.returncode, done.stdout.splitlines()[0], done.stderr) == (0, "OK  good.yaml (contoso)", "")
    done = python(installed, tmp_path, command, "validate", "germany.yaml")
    assert (done.returncode, done.stderr) == (3, "")
    assert "reason: the German cloud (Microsoft Cloud Deutschland) was closed" in done.stdout
    assert python(installed, tmp_path, command, "validate").returncode == 3
    assert python(installed, tmp_path, command, "--version").stdout == f"syncramp {__version__}\n"


def test_the_crds_in_the_wheel_are_those_that_clusters_get(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        for name in CRDS.values():
            assert archive.read(f"syncramp/spec/{name}") == (ROOT / "crds" / name).read_bytes()


def test_the_wheel_holds_both_packages_their_types_and_nothing_else(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names} == {
        "syncramp",
        "syncramp_operator",
        f"syncramp-{__version__}.dist-info",
    }
    assert {"syncramp/py.typed", "syncramp_operator/py.typed"} <= set(names)
    assert not [name for name in names if "__pycache__" in name]
    modules = {path.relative_to(ROOT / "reconciler").as_posix() for path in (ROOT / "reconciler").rglob("*.py")}
    assert modules <= set(names)
