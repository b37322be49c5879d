"""A SyncConfig of the cluster as the file that a run reads."""

import json
from collections.abc import Mapping
from typing import Any

from syncramp_operator.api.resources import GROUP


def document_of(config: Mapping[str, Any]) -> bytes:
    """What a person could have written: nothing that the cluster adds, and of the annotations those of ours."""
    metadata = config["metadata"]
    about: dict[str, Any] = {"name": metadata["name"], "namespace": metadata["namespace"]}
    ours = {key: text for key, text in metadata.get("annotations", {}).items() if key.startswith(f"{GROUP}/")}
    if ours:
        about["annotations"] = ours
    kept = {"apiVersion": config["apiVersion"], "kind": config["kind"], "metadata": about, "spec": config["spec"]}
    return json.dumps(kept, ensure_ascii=False).encode()
