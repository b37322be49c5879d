"""The names of the operations: the last part of their action, and their element in the body.

V2 is what is used. V1 differs in the names and in what travels: members as a full list instead of changes, and in the
read-back every attribute, also the empty ones.
"""

from typing import Final

GET_COMPANY: Final = "GetCompanyConfiguration"
READ_BACK: Final = "ReadBackAzureADSyncObjects2"
READ_BACK_V1: Final = "ReadBackAzureADSyncObjects"
PROVISION: Final = "ProvisionAzureADSyncObjects2"
PROVISION_V1: Final = "ProvisionAzureADSyncObjects"
FINALIZE: Final = "FinalizeExport"
CAPABILITIES: Final = "Capabilities"
SET_FEATURES: Final = "SetCompanyDirsyncFeatures"


def answer_of(operation: str) -> str:
    """The element that answers an operation."""
    return f"{operation}Response"


def result_of(operation: str) -> str:
    """The element in the answer that holds what the operation returns."""
    return f"{operation}Result"
