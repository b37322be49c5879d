"""The store: what is known of the directories and of the cloud, in one place.

One thread owns it. Each part is a view with its own transactions:

* ``staging``: facts of the sources become rows,
* ``objects``: rows become the desired state,
* ``documents``: by what the document said of them, now and before,
* ``joins``: which entries are one object,
* ``snapshot``: what differs, for the plan and the export,
* ``exports``: intent and answer around each call,
* ``differences``: attributes that it shows otherwise than we sent them,
* ``observations``: what the read-back showed,
* ``cloud``: groups that are mastered in the cloud,
* ``references``: those of them that a directory has, as members of groups that are synchronised,
* ``revocations``: what is to be taken away, and since when,
* ``samples``: what runs measured, for the gates of ramps,
* ``spent``: what was sent in the last day of what guards count,
* ``ramp_groups``: which groups follow which ramp,
* ``filling``: large groups whose fill was begun,
* ``runs``: runs and their reports,
* ``holder``: who it is among those that write to the tenant,
* ``adoption``: that the tenant was adopted, and how far that went; ``stages``: what went since,
* ``age``: whether it is an old copy of itself,
* ``lookup``: what is kept of one entry, for a person who asks,
* ``approvals``: what waits for a person, and what people approved,
* ``ramp_states``: how far ramps are, what was decided of them, and what people said to them,
* ``unwritten``: groups that are written to a directory and get nobody new.
"""

from collections.abc import Callable

from syncramp.model.seams import Fence
from syncramp.model.values import Kind
from syncramp.store.adoption import Adoptions
from syncramp.store.age import Age
from syncramp.store.approvals import Approvals
from syncramp.store.census import Census
from syncramp.store.cloud_groups import CloudGroups
from syncramp.store.cloud_references import CloudReferences
from syncramp.store.database import PATIENCE, opened
from syncramp.store.documents import Documents
from syncramp.store.drift import Differences
from syncramp.store.exports import Exports
from syncramp.store.filling import Filling
from syncramp.store.holder import Holder
from syncramp.store.joins import Joins
from syncramp.store.lookup import Lookup
from syncramp.store.objects import Objects
from syncramp.store.observations import Observations
from syncramp.store.places import Place
from syncramp.store.ramp_groups import RampGroups
from syncramp.store.ramp_states import RampStates
from syncramp.store.revocations import Revocations
from syncramp.store.runs import Runs
from syncramp.store.samples import Samples
from syncramp.store.snapshot import Snapshot
from syncramp.store.spent import Spent
from syncramp.store.stages import Stages
from syncramp.store.staging import Staging
from syncramp.store.unwritten import Unwritten
from syncramp.store.whereabouts import Whereabouts


class Store:
    """An open store.

    :param place: where it is; made when it is missing.
    :param key: the 64-bit key under which a DN is compared.
    :param patience: seconds for which a transaction of another process is waited for.
    :raises StoreUnusable: see :func:`syncramp.store.database.opened`.
    """

    def __init__(self, place: Place, key: Callable[[str], int], patience: float = PATIENCE) -> None:
        self.database = opened(place, patience)
        self.staging = Staging(self.database, key)
        self.whereabouts = Whereabouts(self.database, key)
        self.objects = Objects(self.database)
        self.documents = Documents(self.database)
        self.differences = Differences(self.database)
        self.joins = Joins(self.database)
        self.observations = Observations(self.database)
        self.cloud = CloudGroups(self.database)
        self.references = CloudReferences(self.database)
        self.revocations = Revocations(self.database)
        self.samples = Samples(self.database)
        self.spent = Spent(self.database)
        self.filling = Filling(self.database)
        self.runs = Runs(self.database)
        self.holder = Holder(self.database)
        self.adoption = Adoptions(self.database)
        self.stages = Stages(self.database)
        self.age = Age(self.database)
        self.lookup = Lookup(self.database)
        self.approvals = Approvals(self.database)
        self.ramp_groups = RampGroups(self.database)
        self.ramp_states = RampStates(self.database)
        self.unwritten = Unwritten(self.database)

    def snapshot(self) -> Snapshot:
        """A view for a plan or for a lane of the export."""
        return Snapshot(self.database)

    def census(self, snapshot: Snapshot, only: Kind | None = None) -> Census:
        """How much there is, beside a view for a plan.

        :param only: objects of this kind alone are the target's.
        """
        return Census(self.database, snapshot, only)

    def exports(self, run: int, token: int, now: float, fence: Fence | None = None) -> Exports:
        """Intents and answers of a run that begins now (seconds since the epoch)."""
        return Exports(self.database, run, token, now, fence)

    def close(self) -> None:
        """End the connection."""
        self.database.close()
