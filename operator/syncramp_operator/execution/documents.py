"""A SyncConfig of the cluster as the file that a run reads.

A request in a form that nobody understands is left out of it: a typo in an annotation must not hold up a leaver.
"""

import json
from collections.abc import Mapping
from typing import Any

from syncramp.check import request_findings
from syncramp_operator.api.resources import GROUP


def document_of(config: Mapping[str, Any]) -> bytes:
    """What a person could have written: nothing that the cluster adds, and of the annotations those of ours that are
    understood.
    """
    metadata = understood(config)["metadata"]
    about: dict[str, Any] = {"name": metadata["name"], "namespace": metadata["namespace"]}
    ours = {key: text for key, text in metadata.get("annotations", {}).items() if key.startswith(f"{GROUP}/")}
    if ours:
        about["annotations"] = ours
    kept = {"apiVersion": config["apiVersion"], "kind": config["kind"], "metadata": about, "spec": config["spec"]}
    return json.dumps(kept, ensure_ascii=False).encode()


def understood(config: Mapping[str, Any]) -> dict[str, Any]:
    """The same object without the annotations that ask for something in no form that is understood."""
    annotations = config["metadata"].get("annotations") or {}
    refused = request_findings(annotations)
    kept = {name: text for name, text in annotations.items() if name not in refused}
    return {**config, "metadata": {**config["metadata"], "annotations": kept}}
