"""Reasons of conditions and Events: one word for programs, and the sentence that says what it means.

``docs/spec/conditions.md`` lists them, and a test compares. A reason that is not here never reaches a status: a run
may tell one that a newer release knows, and then :data:`Reason.SYNC_FAILED` stands for it.
"""

from enum import Enum, StrEnum
from typing import Self

from syncramp.model.holds import APPROVABLE, Hold


class Reason(StrEnum):
    """One reason, with its sentence."""

    sentence: str

    def __new__(cls, word: str, sentence: str) -> Self:
        """A member is its word; the sentence comes along."""
        made = str.__new__(cls, word)
        made._value_ = word
        made.sentence = sentence
        return made

    # Ready is True.
    SYNC_SUCCEEDED = "SyncSucceeded", "The cloud is as the document says, but for what a ramp lets in later."
    OUTSIDE_SYNC_WINDOW = "OutsideSyncWindow", "All went but what waits until a sync window lets it go."
    PLAN_ONLY = "PlanOnly", "The mode is Plan, and a plan was made of sources that were read completely."
    STAGING = "Staging", "The mode is Staging: what would be sent is known and kept, and nothing was sent."

    # It is on its way.
    PROGRESSING = "Progressing", "A run for this document is due or under way, or its next slice is."
    RETRYING = "ProgressingWithRetry", "The last run failed, and the next one is due or under way."
    QUEUED = "Queued", "A run is due and waits until another one makes room."
    STOPPING = "Stopping", "The run under way ends after its calls in flight."
    THROTTLED = "Throttled", "The tenant takes no more writes now; the next run sends what is left."
    SUSPENDED = "Suspended", "The document says suspend: no run is made; what is said is what the last one found."
    DELETING = "Deleting", "The SyncConfig is being deleted; the cloud keeps everything."
    NO_RUN_YET = "NoRunYet", "No run has come so far that it could tell."

    # It waits for a person.
    ADOPTION_REQUIRED = "AdoptionRequired", "The tenant is not empty, and its objects are not adopted yet."
    AWAITING_APPROVAL = "AwaitingApproval", "Changes wait for an approval or a release that the document asks for."
    FAILSAFE_TRIGGERED = "FailsafeTriggered", "Changes beyond a bound of the failsafe wait for an approval."
    DELETIONS_HELD = "DeletionsHeld", "Deletes wait for an approval."

    # It came to its end, and not everything is well.
    SYNC_SUCCEEDED_WITH_ERRORS = (
        "SyncSucceededWithErrors",
        "The run ended; objects were refused, in conflict or in doubt.",
    )
    UNCONFIRMED = "Unconfirmed", "Objects that the service took were not shown by the read-backs of three runs."
    SOURCE_INCOMPLETE = "SourceIncomplete", "A source ended before all of it was read: nothing of it is taken away."
    SOURCE_SHRUNKEN = "SourceShrunken", "A source shows so much less than before that a person must accept it."
    SOURCE_NOT_FRESH = (
        "SourceNotFresh",
        "A source knows less than was read of it before: nothing is taken away.",
    )
    SOURCE_NOT_PERMITTED = (
        "SourceNotPermitted",
        "The account of a source does not see what it used to: nothing is taken away.",
    )
    SOURCE_UNAVAILABLE = "SourceUnavailable", "A source could not be read at all."

    WRITEBACK_INCOMPLETE = "WritebackIncomplete", "Something of the groups that are written back is left or refused."
    DIRECTORY_UNAVAILABLE = (
        "DirectoryUnavailable",
        "The directory that groups are written back to could not be reached.",
    )

    # It failed, and the next run tries again.
    SYNC_FAILED = "SyncFailed", "The run failed; its SyncRun tells why."
    ENDPOINT_UNAVAILABLE = "EndpointUnavailable", "The endpoint did not take a request."
    ANSWER_LOST = "AnswerLost", "The answer of a call did not arrive: its effect is in doubt."
    COOKIE_REFUSED = "CookieRefused", "The service forgot where the last read-back ended: the next one begins anew."
    DEADLINE_EXCEEDED = "DeadlineExceeded", "The run lasted longer than spec.timeout and was stopped."
    STOPPED = "Stopped", "The run was asked to stop before its end."
    CLUSTER_UNAVAILABLE = "ClusterUnavailable", "The API server did not answer, or failed."
    OBJECT_MISSING = "ObjectMissing", "An object of the cluster that is needed is not there."
    OBJECT_CONFLICT = "ObjectConflict", "An object of the cluster was changed meanwhile."
    CHILD_UNSTARTABLE = "ChildUnstartable", "The machine did not start the process of a run."
    INTERNAL_ERROR = "InternalError", "A fault of the operator or of the engine; the log says more."

    # It is possible later, without anybody's help.
    ANOTHER_RUN_ACTIVE = "AnotherRunActive", "Another process holds the state of this document."
    TENANT_HELD = "TenantHeld", "A run with another state is at work on the tenant and holds its Lease."
    DIRECTORY_BEHIND = (
        "DirectoryBehind",
        "No domain controller that answers has what was written to it last; replication brings it.",
    )
    FENCE_LOST = "FenceLost", "The Lease of the tenant was lost in the middle of a run: nothing more was sent."

    # A person must act: trying again changes nothing.
    INVALID_SPEC = "InvalidSpec", "The document has findings; syncramp validate lists all of them."
    UNSUPPORTED_CLOUD = "UnsupportedCloud", "The cloud is known and refused by name: the German one was closed."
    UNSUPPORTED_ENDPOINT = "UnsupportedEndpoint", "The endpoint version is known and refused by name: V1."
    SECRET_MISSING = "SecretMissing", "A Secret or ConfigMap that the document names is not there, or lacks a key."
    CREDENTIALS_INVALID = "CredentialsInvalid", "The token issuer or a directory refused the credentials."
    CLIENT_VERSION_REFUSED = (
        "ClientVersionRefused",
        "The service does not take the client version that is told to it.",
    )
    ACCESS_DENIED = "AccessDenied", "Signed in, but the rights do not suffice."
    UNTRUSTED_SERVER = "UntrustedServer", "A server's certificate could not be verified."
    WIRE_UNVERIFIED = "WireUnverified", "There is no wire profile, and the document does not take the wire as it is."
    ANCHOR_MISMATCH = "AnchorMismatch", "The tenant's objects are tied to a directory by another attribute."
    CAPABILITY_LOSS = "CapabilityLoss", "The tenant uses what ends with the sync client before, not accepted by name."
    ANOTHER_SYNC_CLIENT = "AnotherSyncClientActive", "Another sync client was at work on the tenant lately."
    STORE_UNUSABLE = "StoreUnusable", "The state cannot be opened, or belongs to another tenant, cloud or anchor."
    SERVICE_REFUSED = "ServiceRefused", "The endpoint refuses whole calls for a reason that will not go away."
    CLUSTER_REFUSED = "ClusterRefused", "The API server refuses: a right is missing, or the CRDs are older."

    # Of the other conditions.
    SOURCES_READ = "SourcesRead", "Every source was read completely."
    TARGET_ANSWERED = "TargetAnswered", "The service took the credentials and answered the calls of the run."
    WRITTEN = "Written", "The directory is as the cloud says, but for what the document lets wait."
    RAMP_GROWING = "RampGrowing", "Groups grow up to the ceiling."
    RAMP_SOAKING = "RampSoaking", "Nothing more fits under the ceiling, which proves itself."
    RAMP_HOLDING = "RampHolding", "A gate failed: nothing grows until it passes."
    RAMP_REVERTING = "RampReverting", "Members who came with the ramp leave again, with approval."
    PAUSE_STEP = "PauseStep", "The ramp has come to a step that a person must end."
    MANUAL_PAUSE = "ManualPause", "A person paused the ramp."
    GATE_ABORTED = "GateAborted", "A gate failed at its abort value."
    TOO_MANY_FAILURES = "TooManyFailures", "Gates failed as often as failuresBeforePause says."
    RAMP_ABORTED = "RampAborted", "A person ended the ramp: nothing grows any more."
    DRIFT_DETECTED = "DriftDetected", "A read-back showed what somebody else did to objects of ours."
    CERTIFICATE_EXPIRING = "CertificateExpiring", "The certificate that runs sign in with ends within 30 days."
    CERTIFICATE_EXPIRED = "CertificateExpired", "The certificate that runs sign in with has ended."
    REQUEST_MISREAD = "RequestMisread", "An annotation asks for something and is not understood; it does nothing."

    # Of Events alone.
    ORPHANED = "Orphaned", "The SyncConfig was deleted; the cloud keeps everything."

    @classmethod
    def of(cls, word: str) -> "Reason":
        """The reason that a run told, or :data:`SYNC_FAILED` for a word that is not known here."""
        return {each.value: each for each in cls}.get(word, cls.SYNC_FAILED)


class Weight(Enum):
    """What a hold means for Ready."""

    FITTING = "it is what the document says, or passes by itself"
    UNFINISHED = "the next runs send it"
    UNREAD = "a source must be read completely first"
    ADOPTION = "the tenant must be adopted first"
    ASKED = "the document asks for a person"
    BEYOND = "a bound of the failsafe asks for a person"
    CONFLICT = "something must be mended in a directory, in the tenant or in the document"


_FITTING = {
    Hold.RAMP,
    Hold.MAIL_ENABLED,
    Hold.ABSENT_ONCE,
    Hold.UNRESOLVED_MEMBER,
    Hold.CLOUD_MANAGED,
    Hold.LOCAL_EDIT,
    Hold.NOT_WRITTEN,
}
_ASKED = {Hold.APPROVAL_REQUIRED, Hold.CANARY, Hold.REVERT, Hold.FOUND_AT_ADOPTION}

WEIGHTS = (
    {hold.value: Weight.CONFLICT for hold in Hold}
    | {hold.value: Weight.BEYOND for hold in APPROVABLE}
    | {hold.value: Weight.ASKED for hold in _ASKED}
    | {hold.value: Weight.FITTING for hold in _FITTING}
    | dict.fromkeys((Hold.SOURCE_NEVER_READ.value, Hold.SOURCE_INCOMPLETE.value), Weight.UNREAD)
    | {
        Hold.ADOPTION_REQUIRED.value: Weight.ADOPTION,
        Hold.CALL_UNDER_WAY.value: Weight.UNFINISHED,
        Reason.OUTSIDE_SYNC_WINDOW.value: Weight.FITTING,
    }
)
"""Hold -> what it means; one that is not known here is a conflict."""
