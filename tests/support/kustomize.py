"""What ``kubectl kustomize`` makes of a folder, where there is a kubectl that is new enough."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

OLDEST = (1, 27)
"""kubectl with kustomize 5, which the manifests are written for."""


@cache
def kubectl() -> str:
    """A kubectl that is new enough; without one the test is skipped."""
    path = shutil.which("kubectl")
    if path is None:
        pytest.skip("needs kubectl")
    told = subprocess.run([path, "version", "--client"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"Client Version: v(\d+)\.(\d+)", told)
    if version is None or (int(version[1]), int(version[2])) < OLDEST:
        pytest.skip(f"needs kubectl 1.27 or newer, for kustomize 5; this one says {told.strip()!r}")
    return path


def kustomized(folder: Path) -> str:
    """The objects of a folder, as one text."""
    done = subprocess.run(
        [kubectl(), "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
