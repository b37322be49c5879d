"""What the store knows of what may be sent, beside the objects themselves: the same for a run and for who asks.

What only the tenant or a plan can tell is added by whoever has it.
"""

from collections.abc import Sequence

from syncramp.model.circumstances import RESTORED_WITHIN, Circumstances
from syncramp.spec.types import ApprovalMode, SyncConfig
from syncramp.store.snapshot import Snapshot
from syncramp.store.store import Store


def known_circumstances(
    store: Store, snapshot: Snapshot, config: SyncConfig, sources: Sequence[str], now: float
) -> Circumstances:
    """The circumstances as far as the store tells them.

    :param sources: names of the sources of the document.
    :param now: seconds since the epoch.
    """
    incomplete = store.staging.incomplete()
    return Circumstances(
        max_members=config.max_members,
        manual=config.approval is ApprovalMode.MANUAL,
        never_read=store.staging.never_read(sources),
        incomplete=incomplete,
        unproven=snapshot.of_sources(incomplete),
        dropped=store.staging.dropped(sources),
        foreign=store.observations.foreign_anchors(),
        cloud_managed=store.observations.cloud_managed(),
        keeping=snapshot.keeping,
        matching=store.adoption.matching(),
        adopted=store.adoption.adopted,
        restoring=snapshot.restoring(now - RESTORED_WITHIN),
        returning=snapshot.returning(now - RESTORED_WITHIN),
        coming=snapshot.coming(),
    )
