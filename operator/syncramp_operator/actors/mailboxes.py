"""Who is to be woken: each SyncConfig that is looked after has a mailbox, and a letter in it says only "look again".

A letter carries nothing, so a second one before the first was opened adds nothing, and one that is lost costs no more
than the time until the next look.
"""

import asyncio
from collections.abc import Awaitable

Place = tuple[str, str]
"""Namespace and name."""


class Mailboxes:
    """The mailboxes of all SyncConfigs, by uid: one that was deleted and made again is another one."""

    def __init__(self) -> None:
        self._boxes: dict[str, asyncio.Event] = {}
        self._places: dict[Place, str] = {}

    def __len__(self) -> int:
        return len(self._boxes)

    def open(self, uid: str, namespace: str, name: str) -> asyncio.Event:
        """A mailbox; its owner empties it before it looks."""
        self._places[namespace, name] = uid
        return self._boxes.setdefault(uid, asyncio.Event())

    def close(self, uid: str, namespace: str, name: str) -> None:
        """Its owner looks no more."""
        self._boxes.pop(uid, None)
        if self._places.get((namespace, name)) == uid:
            del self._places[namespace, name]

    def wake(self, uid: str) -> None:
        """A letter to one SyncConfig; without a mailbox it is lost."""
        if (box := self._boxes.get(uid)) is not None:
            box.set()

    def wake_at(self, namespace: str, name: str) -> None:
        """A letter to the SyncConfig that has this name now."""
        self.wake(self._places.get((namespace, name), ""))


async def first_of(*awaited: Awaitable[object], timeout: float | None = None) -> None:
    """Wait for the first of them, or so many seconds; the others are not waited for any more."""
    tasks = [asyncio.ensure_future(one) for one in awaited]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
