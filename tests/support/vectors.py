"""Bytes that .NET's own writer wrote, by name."""

import json
from pathlib import Path
from typing import Any

LISTED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "nbfx_vectors.json").read_text(encoding="utf-8")
)["vectors"]
"""As the file has them: with what they mean."""
VECTORS: dict[str, bytes] = {vector["name"]: bytes.fromhex(vector["hex"]) for vector in LISTED}
