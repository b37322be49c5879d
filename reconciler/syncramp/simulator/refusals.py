"""Why a tenant refuses a call or one object of it: codes and texts.

The codes are names of Microsoft's page *Troubleshoot errors during synchronization* where it has one, and our own
where it has none; what the service writes into ``ResultErrorCode`` is public for success and for 114 only.
"""

NOT_VALID_CODE = "114"
NOT_VALID = "This synchronization operation, {operation}, is not valid. Contact Technical Support."

INVALID_ANCHOR = "InvalidAnchor"
INVALID_VALUE = "InvalidValue"
UNRESOLVED = "UnresolvedReference"
OTHER_TYPE = "ObjectTypeMismatch"
HARD_MATCH = "InvalidHardMatch"
SOFT_MATCH = "InvalidSoftMatch"
ADMIN_ROLE = "ExistingAdminRoleConflict"
TOO_LONG = "ExceededAllowedLength"
LARGE = "LargeObject"
IDENTITY_DATA = "IdentityDataValidationFailed"
NOT_UNIQUE = "AttributeValueMustBeUnique"
QUOTA = "QuotaExceeded"
REPEATED = "RepeatedReferenceChange"
CLOUD_MANAGED = "SourceOfAuthorityInCloud"

LARGE_TEXT = (
    "The provisioned object is too large. Trim the number of attribute values on this object. The operation will be "
    "retried in the next synchronization cycle."
)
"""Microsoft's text; the attribute that is too large is named behind it."""
QUARANTINE_TEXT = (
    "This object has been updated in your Azure Active Directory, but with some modified properties, because the "
    "following attributes are associated with another object [{taken}]. Please refer to "
    "https://aka.ms/duplicateattributeresiliency for more information on duplicate attribute resiliency."
)
NOT_UNIQUE_TEXT = (
    "Unable to update this object because the following attributes associated with this object have values that may "
    "already be associated with another object in your local directory services: [{taken}]. Correct or remove the "
    "duplicate values in your local directory."
)
REMAPPED_TEXT = "Hard match operation blocked due to security hardening. Review OnPremisesObjectIdentifier mapping."
"""MC1263280."""


class Fault(Exception):
    """A whole call is refused.

    :param code: ErrorCode, empty where none is known.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Failure(Exception):
    """One object is refused; nothing of it is applied."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
