"""``kubectl syncramp`` in a test: the program itself, with a kubeconfig of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-c", "from syncramp_operator.plugin.main import main; main()")


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    output: str
    errors: str

    @property
    def document(self) -> Any:
        """Its output as JSON."""
        return json.loads(self.output)


def typed(kubeconfig: Path, *arguments: str, **environment: str) -> Said:
    """Type ``kubectl syncramp ARGUMENTS``."""
    told = {**os.environ, "KUBECONFIG": str(kubeconfig), **environment}
    done = subprocess.run([*COMMAND, *arguments], env=told, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return Said(done.returncode, done.stdout, done.stderr)
