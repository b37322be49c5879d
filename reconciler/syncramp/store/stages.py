"""The stage of an adopted tenant, as it is kept."""

import json

from pyroaring import BitMap

from syncramp.model.adoption import Adoption
from syncramp.model.stages import Progress
from syncramp.store.database import Database

_READ = "SELECT value FROM meta WHERE key = 'stage'"
_WRITE = "INSERT INTO meta VALUES ('stage', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_UNCONFIRMED = "SELECT id FROM objects WHERE acked IS NOT NULL AND confirmed = 0 AND id IN ({})"


class Stages:
    """What went to the tenant since it was adopted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> Progress | None:
        """The stage; None: none has begun."""
        text = self._database.value(_READ)
        return Progress.from_json(json.loads(text)) if text else None

    def of(self, adoption: Adoption | None) -> Progress | None:
        """How far the stages of an adoption are; None: the tenant was not adopted."""
        if adoption is None:
            return None
        kept = self.read()
        return kept if kept and kept.adopted == adoption.at else Progress(adopted=adoption.at)

    def write(self, progress: Progress) -> None:
        """Keep it, in the place of the one before."""
        self._database.run(_WRITE, (json.dumps(progress.as_json(), sort_keys=True),))

    def unconfirmed(self, ids: BitMap) -> int:
        """How many of these objects are in the cloud by the service's own answer, and were not read back since."""
        return sum(1 for _ in self._database.among(_UNCONFIRMED, list(ids)))
