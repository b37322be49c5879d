"""What the API double makes of objects of the kinds that every cluster has: shaped, filled, and judged.

Unknown fields and types come from the official client's models. Beside them stands what this project relies upon, in
the words of a real server: Leases with their MicroTimes, Jobs with what is filled in and what never changes, Secrets,
Events, and the requests that are answered and not stored.
"""

import base64
import binascii
import copy
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from support.kube_api_errors import Unhandled, cause, invalid
from support.kube_api_resources import EVENTS, JOBS, LEASES, NAMESPACES, SECRETS, Resource

Object = dict[str, Any]
Cause = dict[str, str]

MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)")
_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")


def known(data: Any, annotation: Any, path: str, unknown: list[str]) -> Any:
    """What the model knows; the rest is told in ``unknown``."""
    kinds = [one for one in typing.get_args(annotation) or (annotation,) if one is not type(None)]
    model = next((one for one in (annotation, *kinds) if isinstance(one, type) and issubclass(one, BaseModel)), None)
    if model is not None and isinstance(data, dict):
        fields = {field.serialization_alias or name: field.annotation for name, field in model.model_fields.items()}
        unknown += [f'unknown field "{path}{name}"' for name in data if name not in fields]
        return {
            name: known(value, fields[name], f"{path}{name}.", unknown)
            for name, value in data.items()
            if name in fields
        }
    inner = next((one for one in (annotation, *kinds) if typing.get_origin(one) in (list, dict)), None)
    if inner is not None and isinstance(data, list):
        below = typing.get_args(inner)[0]
        return [known(item, below, f"{path.rstrip('.')}[{number}].", unknown) for number, item in enumerate(data)]
    return data


def shaped(resource: Resource, body: Object, unknown: list[str]) -> Object:
    """A body as its kind has it: pruned, and of the right types; else 400 or 422."""
    made: Object = known(body, resource.model, "", unknown)
    for name, value in made.get("spec", {}).items() if resource is LEASES else ():
        if name.endswith("Time") and not (isinstance(value, str) and MICRO_TIME.fullmatch(value)):
            raise Unhandled(resource, f'parsing time "{value}" as "2006-01-02T15:04:05.000000Z07:00": cannot parse')
    try:
        resource.model.model_validate({**made, "metadata": {}})
    except ValidationError as error:
        missing = [one for one in error.errors() if one["type"] == "missing"]
        if len(missing) < error.error_count():
            raise Unhandled(resource, f"json: cannot unmarshal into {resource.kind}") from None
        fields = [".".join(str(part) for part in one["loc"]) for one in missing]
        wrong = [cause(field, "Required value", "FieldValueRequired") for field in fields]
        raise invalid(resource.kind, resource.group, body.get("metadata", {}).get("name", ""), wrong) from None
    return made


def filled(resource: Resource, body: Object) -> Object:
    """With what the server fills in by itself; the uid is in its metadata already."""
    fill = _FILLS.get(resource)
    return fill(copy.deepcopy(body)) if fill else body


def judged(resource: Resource, new: Object, old: Object | None, namespace: str) -> list[Cause]:
    """What is wrong with an object."""
    judge = _JUDGES.get(resource)
    return list(judge(new, old, namespace)) if judge else []


def _secret(body: Object) -> Object:
    given = body.pop("stringData", None) or {}
    data = body.get("data", {}) | {name: base64.b64encode(text.encode()).decode() for name, text in given.items()}
    for value in data.values():
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError) as error:
            raise Unhandled(SECRETS, f"illegal base64 data: {error}") from None
    return {"type": "Opaque"} | body | ({"data": data} if data else {})


def _job(body: Object) -> Object:
    spec, uid = body["spec"], body["metadata"]["uid"]
    template = spec["template"]
    own = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": body["metadata"]["name"]}
    old = {name.split("/")[1]: value for name, value in own.items()}
    labels = {**(template.get("metadata") or {}).get("labels", {}), **own, **old}
    template["metadata"] = {**(template.get("metadata") or {}), "labels": labels}
    pod = {"terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "securityContext": {}}
    template["spec"] = pod | {"schedulerName": "default-scheduler"} | template.get("spec", {})
    for container in template["spec"].get("containers", ()):
        _container(container)
    first = {"parallelism": 1, "completions": 1, "backoffLimit": 6, "completionMode": "NonIndexed", "suspend": False}
    selector = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    rest = {"manualSelector": False, "podReplacementPolicy": "TerminatingOrFailed", "selector": selector}
    return {"status": {}} | body | {"spec": first | rest | spec}


def _container(container: Object) -> None:
    own = {"resources": {}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
    pull = {
        "imagePullPolicy": "IfNotPresent"
        if re.search(r"[:@](?!latest$)[^/]*$", container.get("image", ""))
        else "Always"
    }
    for name, value in (own | pull).items():
        container.setdefault(name, value)


def _namespace(body: Object) -> Object:
    labels = {"kubernetes.io/metadata.name": body["metadata"]["name"], **body["metadata"].get("labels", {})}
    return body | {
        "metadata": body["metadata"] | {"labels": labels},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def _judge_lease(new: Object, old: Object | None, namespace: str) -> Iterator[Cause]:
    spec = new.get("spec") or {}
    if spec.get("leaseDurationSeconds", 1) <= 0:
        yield cause(
            "spec.leaseDurationSeconds", f"Invalid value: {spec['leaseDurationSeconds']}: must be greater than 0"
        )
    if spec.get("leaseTransitions", 0) < 0:
        told = f"Invalid value: {spec['leaseTransitions']}: must be greater than or equal to 0"
        yield cause("spec.leaseTransitions", told)


def _judge_secret(new: Object, old: Object | None, namespace: str) -> Iterator[Cause]:
    data = new.get("data", {})
    for name in data:
        if not _CONFIG_KEY.fullmatch(name):
            yield cause(
                f"data[{name}]",
                f'Invalid value: "{name}": a valid config key must consist of alphanumeric characters',
            )
    for name in ("tls.crt", "tls.key") if new.get("type") == "kubernetes.io/tls" else ():
        if name not in data:
            yield cause(f"data[{name}]", "Required value", "FieldValueRequired")
    if old and old.get("type") != new.get("type"):
        yield cause("type", f'Invalid value: "{new.get("type")}": field is immutable')
    if old and old.get("immutable") and old.get("data") != new.get("data"):
        yield cause("data", "Forbidden: field is immutable when `immutable` is set", "FieldValueForbidden")


def _judge_job(new: Object, old: Object | None, namespace: str) -> Iterator[Cause]:
    pod, place = new["spec"]["template"]["spec"], "spec.template.spec"
    if pod.get("restartPolicy") not in ("OnFailure", "Never"):
        told = 'Required value: valid values: "OnFailure", "Never"'
        yield cause(f"{place}.restartPolicy", told, "FieldValueRequired")
    volumes = {volume["name"] for volume in pod.get("volumes", ())}
    for number, container in enumerate(pod.get("containers", ())):
        for mount, one in enumerate(container.get("volumeMounts", ())):
            if one["name"] not in volumes:
                field = f"{place}.containers[{number}].volumeMounts[{mount}].name"
                yield cause(field, f'Not found: "{one["name"]}"', "FieldValueNotFound")
    if len(new["metadata"]["name"]) > 63:
        yield cause("spec.template.labels", "Invalid value: must be no more than 63 bytes")
    for name in ("template", "completions", "selector", "completionMode", "podFailurePolicy") if old else ():
        if old["spec"].get(name) != new["spec"].get(name):
            yield cause(f"spec.{name}", "Invalid value: field is immutable")
    yield from _judge_job_end(new.get("status") or {})


def _judge_job_end(status: Object) -> Iterator[Cause]:
    """A Job that is over says since when, and before Complete that its criteria were met."""
    states = {one["type"]: one["status"] == "True" for one in status.get("conditions") or ()}
    for end, before in (("Complete", "SuccessCriteriaMet"), ("Failed", "FailureTarget")):
        if states.get(end) and not states.get(before):
            told = f"Invalid value: cannot set {end}=True condition without the {before}=true condition"
            yield cause("status.conditions", told)
    if states.get("Complete") and "completionTime" not in status:
        told = "Required value: completionTime is required for Complete jobs"
        yield cause("status.completionTime", told, "FieldValueRequired")
    if (states.get("Complete") or states.get("Failed")) and "startTime" not in status:
        yield cause(
            "status.startTime", "Required value: startTime is required for finished job", "FieldValueRequired"
        )


def _judge_event(new: Object, old: Object | None, namespace: str) -> Iterator[Cause]:
    """With eventTime the strict rules."""
    if new.get("involvedObject", {}).get("namespace") != namespace:
        yield cause("involvedObject.namespace", "Invalid value: does not match event.namespace")
    if new.get("eventTime"):
        for name in ("reportingComponent", "reportingInstance", "action", "reason"):
            if not new.get(name):
                yield cause(name, "Required value", "FieldValueRequired")
            elif len(new[name].encode()) > 128 and name != "reportingComponent":
                yield cause(name, "Invalid value: can have at most 128 characters")
        if len(new.get("message", "").encode()) > 1024:
            yield cause("message", "Invalid value: can have at most 1024 characters")
    if new.get("type") not in ("Normal", "Warning"):
        yield cause("type", "Invalid value: must be Normal or Warning")


_FILLS: Mapping[Resource, Callable[[Object], Object]] = {SECRETS: _secret, JOBS: _job, NAMESPACES: _namespace}
_JUDGES: Mapping[Resource, Callable[[Object, Object | None, str], Iterator[Cause]]] = {
    LEASES: _judge_lease,
    SECRETS: _judge_secret,
    JOBS: _judge_job,
    EVENTS: _judge_event,
}
