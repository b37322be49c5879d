"""The committed manifests as a cluster gets them: what ``kubectl kustomize`` makes of a folder, for tests.

It knows what our folders use: resources, a namespace, components, and patches (JSON patches, merge patches and
deletions), each with a target of kind and name. Replacements change Deployments alone and are left out. Anything else
it refuses rather than overlooks.
"""

import copy
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import jsonpatch
import yaml

from support.kube_api_patches import merged

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "manifests"
CLUSTER_WIDE = ("Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition")
RIGHTS = ("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
_KNOWN = {"apiVersion", "kind", "namespace", "resources", "components", "patches", "replacements"}

Object = dict[str, Any]


def built(folder: Path, namespace: str = "", components: Iterable[Path] = ()) -> list[Object]:
    """All objects of a folder, in one namespace.

    :param namespace: in place of the one that the folder names.
    :param components: folders of patches, beside those that the folder names.
    """
    found = _folder(folder, [])
    for component in components:
        found = _folder(component, found)
    return [_placed(body, namespace) for body in found] if namespace else found


def rights(namespace: str, *, jobs: bool = False) -> list[Object]:
    """Accounts, Roles and bindings of an operator that looks after its own namespace."""
    found = built(MANIFESTS / "base", namespace, [MANIFESTS / "components/jobs"] if jobs else [])
    if jobs:
        found += built(MANIFESTS / "runner", namespace)
    return [body for body in found if body["kind"] in RIGHTS]


def _folder(folder: Path, found: list[Object]) -> list[Object]:
    told = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    strange = set(told) - _KNOWN
    assert not strange, f"{folder}: {strange} is not known here"
    made = [*found, *(body for name in told.get("resources", ()) for body in _resource(folder / name))]
    for name in told.get("components", ()):
        made = _folder((folder / name).resolve(), made)
    for patch in told.get("patches", ()):
        made = [after for body in made for after in _patched(body, patch, folder)]
    return [_placed(body, told["namespace"]) for body in made] if told.get("namespace") else made


def _resource(path: Path) -> Iterator[Object]:
    if path.is_dir():
        yield from _folder(path.resolve(), [])
    else:
        yield from filter(None, yaml.safe_load_all(path.read_text(encoding="utf-8")))


def _patched(body: Object, patch: Object, folder: Path) -> Iterator[Object]:
    text = patch.get("patch") or (folder / patch["path"]).read_text(encoding="utf-8")
    change = yaml.safe_load(text)
    target = patch.get("target") or {"kind": change["kind"], "name": change["metadata"]["name"]}
    same_kind = re.fullmatch(target["kind"], body["kind"])
    if not same_kind or target.get("name", body["metadata"]["name"]) != body["metadata"]["name"]:
        yield body
    elif isinstance(change, list):
        yield jsonpatch.apply_patch(body, change)
    elif change.get("$patch") != "delete":
        yield merged(copy.deepcopy(body), change)


def _placed(body: Object, namespace: str) -> Object:
    made = copy.deepcopy(body)
    if body["kind"] not in CLUSTER_WIDE:
        made["metadata"]["namespace"] = namespace
    for subject in made.get("subjects", ()):
        subject["namespace"] = namespace
    return made
