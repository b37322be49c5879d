"""The patches that the API double knows."""

import copy
from typing import Any

import jsonpatch

from support.kube_api_errors import bad_request, unknown_media_type, unprocessable

Object = dict[str, Any]

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


def patched(old: Object, patch: Any, media_type: str, *, custom: bool) -> Object:
    """An object after a patch.

    :param custom: of a kind that a CRD brought; only the others know strategic patches, which here merge lists of
        finalizers and conditions as little as a merge patch does.
    """
    if media_type == JSON_PATCH:
        return _json_patched(old, patch)
    if media_type in (MERGE, APPLY) or (media_type == STRATEGIC and not custom):
        if not isinstance(patch, dict):
            raise bad_request(
                "error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}"
            )
        return dict(merged(copy.deepcopy(old), patch))
    raise unknown_media_type()


def merged(target: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    made = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = merged(made.get(name), value)
    return made


def _json_patched(old: Object, patch: Any) -> Object:
    try:
        made: Object = jsonpatch.apply_patch(old, patch)
    except (jsonpatch.JsonPatchConflict, jsonpatch.JsonPatchTestFailed, jsonpatch.JsonPointerException):
        raise unprocessable() from None
    except (jsonpatch.InvalidJsonPatch, TypeError) as error:
        raise bad_request(f"error decoding patch: {error}") from None
    return made
