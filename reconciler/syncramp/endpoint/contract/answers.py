"""How the service writes its answers: the other role of the contract, for the simulator and for tests.

In the form ``typed`` they use what WCF uses: typed records for booleans and numbers, a flags enumeration as several
texts, binary in two pieces; a client that takes only plain text fails there. In the form ``text`` they are plain.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

from syncramp.endpoint.contract.objects import SyncResult, write_result
from syncramp.endpoint.contract.operations import (
    CAPABILITIES,
    FINALIZE,
    GET_COMPANY,
    PROVISION,
    READ_BACK,
    SET_FEATURES,
    answer_of,
    result_of,
)
from syncramp.endpoint.contract.scalars import NO_GUID
from syncramp.endpoint.contract.template import write_objects
from syncramp.endpoint.contract.values import N06, nil
from syncramp.endpoint.nbfx import writer as w
from syncramp.endpoint.soap import N01, XSI, MessageId, action_of, response
from syncramp.model.wire import Company, SyncObject

COOKIE_NAMES = ("OutputCookie", "MoreObjectsExist")
"""Members of the read-back's result: its cookie and its end mark. Invented: the real names are not public."""


def company_response(company: Company, relates_to: MessageId | None, values: w.Values = "typed") -> bytes:
    """The answer of GetCompanyConfiguration; its members stand in ordinal order."""
    form = w.FORMS[values]
    members = (
        _member("AllowedFeatures", _flags(company.allowed_features, values)),
        *_dirsync(company, values),
        _member("DirSyncFeatures", form.integer(company.features)),
        _member("DisplayName", form.content(company.display_name)),
        _member("IsDirSyncing", form.boolean(company.syncing)),
        _member("IsPasswordSyncing", form.boolean(company.password_syncing)),
        _member("MaxLinksSupportedAcrossBatchInProvision2", form.integer(company.max_links)),
        _member("SynchronizationInterval", form.duration(company.interval or "PT30M")),
        _member("TenantId", form.guid(company.tenant_id)),
    )
    return _answer(GET_COMPANY, w.xmlns("i", XSI), members, relates_to, values)


def _flags(names: Sequence[str], values: w.Values) -> bytes:
    """A flags enumeration; WCF writes each name and each space as a text of its own."""
    if values == "text" or len(names) < 2:
        return w.FORMS[values].content(" ".join(names) or "None")
    *first, last = names
    return b"".join(chain.from_iterable((w.text(name), w.text(" ")) for name in first)) + w.content(last)


def _dirsync(company: Company, values: w.Values) -> Iterable[bytes]:
    form = w.FORMS[values]
    threshold = 500 if company.delete_threshold is None else company.delete_threshold
    return (
        w.element("", "DirSyncConfiguration"),
        _member("AnchorAttribute", form.content(company.anchor_attribute or "")),
        _member("ApplicationVersion", form.guid(company.client_application or NO_GUID)),
        _member("ClientVersion", form.content(company.client_version or "")),
        w.element("", "CurrentExport"),
        _member("DirSyncClientMachineName", form.content(company.client_machine or "")),
        _member("TotalConnectorSpaceObjects", form.integer(company.known_objects or 0)),
        w.END,
        _member("IsTrackingChanges", form.boolean(company.tracking_changes)),
        w.element("", "PreventAccidentalDeletion"),
        _member("DeletionPrevention", form.content(company.deletion_prevention or "EnabledForCount")),
        _member("ThresholdCount", form.integer(threshold)),
        _member("ThresholdPercentage", form.integer(company.delete_percentage or 0)),
        w.END,
        w.element("", "Writeback"),
        _optional("UnifiedGroupContainer", company.group_container, values),
        _optional("UserContainer", company.user_container, values),
        w.END,
        w.END,
    )


def read_back_response(
    objects: Iterable[SyncObject],
    cookie: bytes | None,
    more: bool | None,
    relates_to: MessageId | None,
    names: tuple[str, str] = COOKIE_NAMES,
    operation: str = READ_BACK,
    values: w.Values = "typed",
) -> bytes:
    """One page of the read-back, its members in ordinal order; without a cookie or an end mark when they are None.

    :param names: of the cookie and of the end mark.
    :param operation: READ_BACK or READ_BACK_V1.
    """
    cookie_name, more_name = names
    form = w.FORMS[values]
    contents = {
        more_name: form.boolean(more) if more is not None else b"",
        cookie_name: form.binary(cookie) if cookie is not None else b"",
        "ResultObjects": write_objects(objects, values, behind=w.END),
    }
    members = (w.element("b", name) + content for name, content in sorted(contents.items()) if content)
    return _answer(operation, w.xmlns("b", N06) + w.xmlns("i", XSI), members, relates_to, values)


def provision_response(
    results: Sequence[SyncResult],
    relates_to: MessageId | None,
    operation: str = PROVISION,
    values: w.Values = "typed",
) -> bytes:
    """The results of an export call, in the order of its objects.

    :param operation: PROVISION or PROVISION_V1.
    """
    written = (write_result(result, values) for result in results)
    members = (w.element("b", "SyncObjectResults"), *written, w.END)
    return _answer(operation, w.xmlns("b", N06) + w.xmlns("i", XSI), members, relates_to, values)


def finalize_response(relates_to: MessageId | None, values: w.Values = "typed") -> bytes:
    """The answer of FinalizeExport: an empty element."""
    return _empty(FINALIZE, relates_to, values)


def features_response(relates_to: MessageId | None, values: w.Values = "typed") -> bytes:
    """The answer of SetCompanyDirsyncFeatures: an empty element."""
    return _empty(SET_FEATURES, relates_to, values)


def capabilities_response(document: str, relates_to: MessageId | None, values: w.Values = "typed") -> bytes:
    """The answer of Capabilities: a text that is an XML document."""
    result = _member(result_of(CAPABILITIES), w.FORMS[values].content(document))
    return _respond(CAPABILITIES, result, relates_to, values)


def _empty(operation: str, relates_to: MessageId | None, values: w.Values) -> bytes:
    return _respond(operation, b"", relates_to, values)


def _optional(name: str, value: str | None, values: w.Values) -> bytes:
    return _member(name, nil(values) if value is None else w.FORMS[values].content(value))


def _member(name: str, *records: bytes) -> bytes:
    return b"".join((w.element("", name), *records))


def _answer(
    operation: str, declarations: bytes, members: Iterable[bytes], relates_to: MessageId | None, values: w.Values
) -> bytes:
    result = b"".join((w.element("", result_of(operation)), declarations, *members, w.END))
    return _respond(operation, result, relates_to, values)


def _respond(operation: str, content: bytes, relates_to: MessageId | None, values: w.Values) -> bytes:
    name = answer_of(operation)
    body = b"".join((w.element("", name), w.xmlns("", N01), content, w.END))
    return response(action_of(name), body, relates_to, values)
