"""The operations of the service as bytes, in its two roles: requests and answers, written and read. No sockets."""

from syncramp.endpoint.contract.answers import (
    capabilities_response,
    company_response,
    features_response,
    finalize_response,
    provision_response,
    read_back_response,
)
from syncramp.endpoint.contract.client import (
    capabilities,
    finalize_export,
    get_company_configuration,
    provision,
    read_back,
    read_outcomes,
    set_features,
)
from syncramp.endpoint.contract.faults import (
    ACCESS_DENIED_TEXT,
    ACTION_NOT_SUPPORTED,
    BUSY,
    BUSY_TEXT,
    NOT_ACTIVATED_TEXT,
    Fault,
    fault_response,
    read_fault,
    redirect_response,
)
from syncramp.endpoint.contract.objects import Answer, Listing, Results, SyncResult
from syncramp.endpoint.contract.opening import open_answer
from syncramp.endpoint.contract.operations import (
    CAPABILITIES,
    FINALIZE,
    GET_COMPANY,
    PROVISION,
    PROVISION_V1,
    READ_BACK,
    READ_BACK_V1,
    SET_FEATURES,
)
from syncramp.endpoint.contract.pages import cookie_member, end_member, names_cookie, names_end, read_read_back
from syncramp.endpoint.contract.scalars import ContractError
from syncramp.endpoint.contract.server import (
    ReadBackRequest,
    Request,
    parse_features,
    parse_finalize,
    parse_read_back_request,
    parse_request,
    parse_sync_objects,
)
from syncramp.endpoint.contract.tenant import read_capabilities, read_company
from syncramp.endpoint.nbfx import NbfxError, WireError
from syncramp.endpoint.nbfx.writer import Values as Form

__all__ = [
    "ACCESS_DENIED_TEXT",
    "ACTION_NOT_SUPPORTED",
    "BUSY",
    "BUSY_TEXT",
    "CAPABILITIES",
    "FINALIZE",
    "GET_COMPANY",
    "NOT_ACTIVATED_TEXT",
    "PROVISION",
    "PROVISION_V1",
    "READ_BACK",
    "READ_BACK_V1",
    "SET_FEATURES",
    "Answer",
    "ContractError",
    "Fault",
    "Form",
    "Listing",
    "NbfxError",
    "ReadBackRequest",
    "Request",
    "Results",
    "SyncResult",
    "WireError",
    "capabilities",
    "capabilities_response",
    "company_response",
    "cookie_member",
    "end_member",
    "fault_response",
    "features_response",
    "finalize_export",
    "finalize_response",
    "get_company_configuration",
    "names_cookie",
    "names_end",
    "open_answer",
    "parse_features",
    "parse_finalize",
    "parse_read_back_request",
    "parse_request",
    "parse_sync_objects",
    "provision",
    "provision_response",
    "read_back",
    "read_back_response",
    "read_capabilities",
    "read_company",
    "read_fault",
    "read_outcomes",
    "read_read_back",
    "redirect_response",
    "set_features",
]
