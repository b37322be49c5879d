"""What a client says, and how it reads the answers.

Answers are read by local names and leniently: unknown members are ignored, order does not matter, because public
knowledge of them is incomplete. What an answer does not prove is not concluded: an object without a result of its own
is unknown, a read-back without a recognised end mark is not complete.
"""

from collections.abc import Sequence

from syncramp.endpoint.contract.objects import (
    ANCHORS,
    Answer,
    Results,
    SyncResult,
    elements,
    read_result,
)
from syncramp.endpoint.contract.operations import (
    CAPABILITIES,
    FINALIZE,
    GET_COMPANY,
    PROVISION,
    READ_BACK,
    SET_FEATURES,
    result_of,
)
from syncramp.endpoint.contract.scalars import ContractError
from syncramp.endpoint.contract.template import write_objects
from syncramp.endpoint.contract.values import N06
from syncramp.endpoint.nbfx import Node
from syncramp.endpoint.nbfx import writer as w
from syncramp.endpoint.soap import N01, XSI
from syncramp.model.wire import Outcome, Result, SyncObject


def get_company_configuration(values: w.Values = "typed") -> bytes:
    """The body of GetCompanyConfiguration."""
    boolean = w.FORMS[values].boolean
    return b"".join((_operation(GET_COMPANY), w.element("", "includeLicenseInformation"), boolean(False), w.END))


def capabilities() -> bytes:
    """The body of Capabilities."""
    return _operation(CAPABILITIES) + w.END


def set_features(mask: int, values: w.Values = "typed") -> bytes:
    """The body of SetCompanyDirsyncFeatures: the whole mask, with the bits that are unknown to us."""
    number = w.element("", "dirsyncFeatures") + w.FORMS[values].integer(mask)
    return _operation(SET_FEATURES) + number + w.END


def read_back(cookie: bytes | None, operation: str = READ_BACK, values: w.Values = "typed") -> bytes:
    """The body of a read-back: everything without a cookie, what changed since with one.

    :param operation: READ_BACK or READ_BACK_V1.
    """
    form = w.FORMS[values]
    none = w.attribute("i", "nil", form.text("true") if values == "text" else b"\x86") + w.xmlns("i", XSI) + w.END
    return b"".join(
        (
            _operation(operation),
            w.element("", "includeLicenseInformation"),
            form.boolean(True),
            w.element("", "inputCookie"),
            none if cookie is None else form.binary(cookie),
            w.element("", "isFullSync"),
            form.boolean(cookie is None),
            w.END,
        )
    )


def provision(objects: Sequence[SyncObject], operation: str = PROVISION, values: w.Values = "typed") -> bytes:
    """The body of an export.

    :param operation: PROVISION, where members are reference changes, or PROVISION_V1, where they are a list of text.
    """
    head = _operation(operation) + w.element("", "syncRequest") + w.xmlns("b", N06) + w.xmlns("i", XSI)
    return write_objects(objects, values, head + w.element("b", "SyncObjects"), w.END * 3)


def finalize_export(exported: int, applied: int, values: w.Values = "typed") -> bytes:
    """The body of FinalizeExport."""
    integer = w.FORMS[values].integer
    counts = w.element("", "totalExported"), integer(exported), w.element("", "successfulExportCount")
    return b"".join((_operation(FINALIZE), *counts, integer(applied), w.END))


def _operation(name: str) -> bytes:
    return w.element("", name) + w.xmlns("", N01)


def read_outcomes(answer: Answer, sent: Sequence[SyncObject], operation: str = PROVISION) -> list[Outcome]:
    """The result of each object that was sent, in the order in which they were sent.

    Results are matched by anchor; those without one of ours by their position, if there are as many as objects.

    :raises ContractError: there is no list of results.
    """
    results = answer.items if isinstance(answer, Results) else result_list(elements(answer), operation)
    if _in_order(results, sent):
        return list(map(_outcome, results))
    by_anchor = {anchor: result for result in results for anchor in _anchors(result)}
    same_number = len(results) == len(sent)
    outcomes = []
    for place, obj in enumerate(sent):
        named = [str(obj.values.get(key)) for key in ANCHORS if obj.values.get(key)]
        result = next((by_anchor[anchor] for anchor in named if anchor in by_anchor), None)
        if result is None and same_number and not any(_anchors(results[place])):
            result = results[place]
        outcomes.append(_outcome(result) if result is not None else Outcome(Result.UNKNOWN))
    return outcomes


def _in_order(results: Sequence[SyncResult], sent: Sequence[SyncObject]) -> bool:
    """Each result has the source anchor of the object at its place, and none names another one's."""
    sources = [result.source_anchor for result in results]
    if sources != [obj.values.get(ANCHORS[0]) for obj in sent]:
        return False
    anchors = [anchor for result in results if (anchor := result.cloud_anchor)] + sources
    return all(sources) and len(set(anchors)) == len(anchors)


def result_list(body: Node, operation: str = PROVISION) -> list[SyncResult]:
    """The results in the answer of an export.

    :raises ContractError: there is no list of results.
    """
    result = body.child(result_of(operation))
    listed = result.child("SyncObjectResults") if result else None
    if listed is None:
        raise ContractError("SyncObjectResults is missing")
    return [read_result(node) for node in listed.all("AzureADSyncObjectResult")]


def _anchors(result: SyncResult) -> list[str]:
    return [anchor for anchor in (result.source_anchor, result.cloud_anchor) if anchor]


def _outcome(result: SyncResult) -> Outcome:
    return Outcome(
        Result.APPLIED if result.result_code == "Success" else Result.REFUSED,
        code=result.result_error_code,
        description=result.result_error_description or "",
        operation=result.sync_operation,
        cloud_anchor=result.cloud_anchor or "",
    )
