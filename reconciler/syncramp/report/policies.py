"""The ramps of a document as YAML that can be pasted into one, and as JSON."""

import json
from typing import Any

import yaml

from syncramp.spec.policies import BUILT_IN, groups_document
from syncramp.spec.types import SyncConfig
from syncramp.spec.writeback import writeback_ramp_document

_RENAME = "  # give it another name where you paste it"


def policies_yaml(config: SyncConfig) -> str:
    """``spec.groups`` with every ramp in full, the built-in one at the end, and the ramp of written-back groups."""
    body = yaml.dump(_document(config), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    line = f"- name: {BUILT_IN}\n"
    return body.replace(line, f"{line[:-1]}{_RENAME}\n")


def policies_json(config: SyncConfig) -> str:
    """The same for programs."""
    return json.dumps({"version": 1, **_document(config)}, ensure_ascii=False, indent=2)


def _document(config: SyncConfig) -> dict[str, Any]:
    """What of ``spec`` has ramps."""
    found: dict[str, Any] = {"groups": groups_document(config)}
    if config.writeback is not None:
        found["writeback"] = {"groups": {"ramp": writeback_ramp_document(config.writeback)}}
    return found


class _Dumper(yaml.SafeDumper):
    """What holds no list stands on one line; a list of objects has a line for each."""

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        """An object."""
        return super().represent_mapping(tag, mapping, flow_style=not _holds_list(mapping))

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:
        """A list."""
        return super().represent_sequence(tag, sequence, flow_style=all(isinstance(item, str) for item in sequence))


def _holds_list(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else ()
    return isinstance(value, list) or any(_holds_list(item) for item in inner)
