"""Why a change is not sent, and what is counted, approved and digested together."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pyroaring import BitMap

from syncramp.model.values import Value


class Class(StrEnum):
    """Changes that are counted, digested and approved together; approving one class approves no other."""

    DELETES = "Deletes"
    REMOVALS = "Removals"
    """Explicit member removals."""
    DISABLES = "Disables"
    CREATES = "Creates"
    REST = "Rest"
    """All other updates, and member additions."""


class Hold(StrEnum):
    """Why a change is not sent."""

    ADOPTION_REQUIRED = "AdoptionRequired"
    """The tenant is not proven empty, and nothing in it is known to be ours."""
    SOURCE_NEVER_READ = "SourceNeverRead"
    """A create, while a source of the document was never read completely: it may be known there already."""
    SOURCE_INCOMPLETE = "SourceIncomplete"
    """Destructive, and its source was not proven to be read completely."""
    ABSENT_ONCE = "AbsentOnce"
    """A delete whose entry was absent from one complete import; a second one must agree."""
    UNRESOLVED_MEMBER = "UnresolvedMember"
    """A member removal, from a group that names somebody new whom no source knows: it may be the same person."""
    TOO_MANY_DELETES = "TooManyDeletes"
    """One of more deletes than ``failsafe.deletes`` lets go without a person."""
    TOO_MANY_MEMBERS = "TooManyMembers"
    """Additions to a group that would be larger than ``groups.maxMembers``, or its create."""
    RAMP = "Ramp"
    """Additions to a group, or its create, that wait for a ramp."""
    MAIL_ENABLED = "MailEnabledLimit"
    """Additions to a mail-enabled group beyond what its ramp lets one have."""
    ANCHOR = "AnchorConflict"
    """The source anchor or the kind of a known object changed, or its anchor belongs to another object."""
    ANCHOR_NOT_WRITTEN = "AnchorNotWritten"
    """A create whose anchor could not be written into the directory first."""
    JOIN = "JoinConflict"
    """A create of somebody who shares what people are joined by with others, and it cannot be told who is who."""
    NOT_OURS = "NotOurs"
    """A create whose anchor is in the tenant already, on an object that is not ours."""
    VALUE_TAKEN = "ValueTaken"
    """A claim of a unique value that another object still has, because what would free it is held."""
    CLOUD_MANAGED = "CloudManaged"
    """The source of authority of the object was moved to the cloud: nothing is sent for it."""
    CALL_UNDER_WAY = "CallUnderWay"
    """A call of an earlier run that was never answered may still be changing it."""
    GROUP_DELETES = "GroupDeletes"
    """The delete of a large group, or one of more deletes of groups than ``failsafe.deletes.groups``."""
    DEVICE_DELETES = "DeviceDeletes"
    """One of more deletes of devices than ``failsafe.deletes.devices``."""
    TOO_MANY_REMOVALS = "TooManyRemovals"
    """Explicit member removals beyond ``failsafe.memberRemovals``."""
    TOO_MANY_DISABLES = "TooManyDisables"
    """One of more disables than ``failsafe.disables``."""
    SIGN_IN = "TooManySignInChanges"
    """One of more changes of what people sign in with than ``failsafe.signInAttributes``."""
    TOO_MANY_CLEARS = "TooManyClears"
    """One of more clears of one attribute than ``failsafe.attributeClears``."""
    TOO_MANY_CREATES = "TooManyCreates"
    """One of more creates than ``failsafe.creates``, in a tenant that was adopted."""
    MATCH = "WouldMatch"
    """A create that the service would join with, or take for, an object that is in the tenant and is not ours."""
    RESTORE = "WouldRestore"
    """A create that would bring a deleted object back, in a tenant that was adopted."""
    CONFIGURATION = "CausedByConfiguration"
    """A delete that follows from a change of the document, or of the default rules by an upgrade: the same entry
    would stay under those before."""
    NESTING = "EffectiveGrowth"
    """Groups nested into others, by which more people become members than ``failsafe.effectiveAdds``."""
    FOUND_AT_ADOPTION = "FoundAtAdoption"
    """A difference that was there when the tenant was adopted, and takes something away or changes a sign-in."""
    REVERT = "RampReverted"
    """A member who came with a ramp and is taken out again, because a person said that it reverts."""
    APPROVAL_REQUIRED = "ApprovalRequired"
    """``spec.approval`` is Manual, or this is a delete in the first runs of a tenant that was adopted."""
    CANARY = "Canary"
    """It is beyond the first shares of what goes to a tenant that was adopted."""
    WINDOW = "OutsideSyncWindow"
    """``spec.syncWindows`` let nothing go now but disables and explicit removals."""
    LOCAL_EDIT = "LocalEdit"
    """It would undo what somebody did to a written-back group in the directory."""
    RECYCLE_BIN = "RecycleBinOff"
    """The delete of a written-back group, in a forest whose recycle bin is not switched on."""
    MEMBERS_UNKNOWN = "MembersUnknown"
    """Nobody ever told the members of the group in the cloud, so nothing is known of who should be in it."""
    NOT_WRITTEN = "NotWrittenAnyMore"
    """Additions to a written-back group that the document does not ask for any more."""
    PROTECTED = "ProtectedGroup"
    """Additions to a written-back group that the directory counts among its administrative ones."""
    TOKENS = "TokenTooLarge"
    """The addition of somebody who is in so many groups that one more may end their sign-in."""


APPROVABLE = frozenset(
    {
        Hold.TOO_MANY_DELETES,
        Hold.GROUP_DELETES,
        Hold.DEVICE_DELETES,
        Hold.TOO_MANY_REMOVALS,
        Hold.TOO_MANY_DISABLES,
        Hold.SIGN_IN,
        Hold.TOO_MANY_CLEARS,
        Hold.TOO_MANY_CREATES,
        Hold.MATCH,
        Hold.RESTORE,
        Hold.CONFIGURATION,
        Hold.NESTING,
        Hold.FOUND_AT_ADOPTION,
        Hold.REVERT,
        Hold.APPROVAL_REQUIRED,
    }
)
"""Holds that a person ends by an approval; what else is held waits for a proof, or for a conflict to be mended."""


@dataclass(frozen=True, slots=True)
class HeldPart:
    """What of the change of one object waits for one reason."""

    hold: Hold
    reason: str
    """The hold in a sentence about this object."""
    values: Mapping[str, Value | None]
    """Attributes that are not sent; empty for a delete."""


@dataclass(frozen=True, slots=True)
class Barrier:
    """What a guard that was tripped holds of one class of change."""

    guard: str
    """The name of the guard, as ``syncramp guards`` lists it."""
    hold: Hold
    holds: Class
    reason: str
    """Why, as a sentence with the number and its limit."""
    ids: BitMap
    """Objects, or groups, whose changes of this class it holds."""
    attributes: frozenset[str] = frozenset()
    """Of updates only these; empty: all of the class."""
    clears: bool = False
    """Of these attributes only where they are cleared."""
    members: BitMap | None = None
    """Of links only those to these members; None: all of the group's."""
