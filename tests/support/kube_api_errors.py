"""What the API double refuses with: Status bodies as the real server writes them."""

from collections.abc import Sequence
from typing import Any

from support.kube_api_resources import Resource


class Refused(Exception):
    """A request is not done; the answer is a Status."""

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.body = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "details": details or {},
            "code": code,
        }


class Unhandled(Refused):
    """400: a body that its kind cannot have."""

    def __init__(self, resource: Resource, why: str) -> None:
        kind = resource.kind
        super().__init__(
            400, "BadRequest", f'{kind} in version "{resource.version}" cannot be handled as a {kind}: {why}'
        )


def cause(field: str, message: str, reason: str = "FieldValueInvalid") -> dict[str, str]:
    """One thing that is wrong with an object."""
    return {"reason": reason, "message": message, "field": field}


def invalid(kind: str, group: str, name: str, causes: Sequence[dict[str, str]]) -> Refused:
    """422: the object does not pass validation."""
    told = [f"{found['field']}: {found['message']}" for found in causes]
    text = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
    full = f"{kind}.{group}" if group else kind
    details = {"name": name, "group": group, "kind": kind, "causes": list(causes)}
    return Refused(422, "Invalid", f'{full} "{name}" is invalid: {text}', details)


def unprocessable() -> Refused:
    """422: a JSON patch whose test fails or whose path does not exist."""
    return Refused(422, "Invalid", "the server rejected our request due to an error in our request")


def not_found(resource: str, name: str) -> Refused:
    """404 of an object, never of a path."""
    return Refused(404, "NotFound", f'{resource} "{name}" not found', {"name": name, "kind": resource.split(".")[0]})


def exists(resource: str, name: str) -> Refused:
    """409 of a create."""
    return Refused(409, "AlreadyExists", f'{resource} "{name}" already exists', {"name": name})


def conflict(resource: Resource, name: str, why: str = "") -> Refused:
    """409 of a write with an old resourceVersion."""
    modified = "the object has been modified; please apply your changes to the latest version and try again"
    details = {"name": name, "group": resource.group, "kind": resource.plural}
    told = f'Operation cannot be fulfilled on {resource.full} "{name}": {why or modified}'
    return Refused(409, "Conflict", told, details)


def precondition_failed(resource: Resource, name: str, word: str, wanted: str, found: str) -> Refused:
    """409 of a PUT of an object that is another one by now."""
    told = f"Precondition failed: {word} in precondition: {wanted}, {word} in object meta: {found}"
    return conflict(resource, name, told)


def bad_request(message: str) -> Refused:
    """400."""
    return Refused(400, "BadRequest", message)


def unknown_media_type() -> Refused:
    """415 of a patch."""
    accepted = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
    return Refused(
        415,
        "UnsupportedMediaType",
        f"the body of the request was in an unknown format - accepted media types include: {accepted}",
    )
