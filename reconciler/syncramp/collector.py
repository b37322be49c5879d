"""Python's cyclic garbage collector and much work of one kind: they do not go together."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Work that makes many objects, none of them part of a cycle, without the collector: it would walk over all that
    was made so far again and again, and find nothing. Reading a message is such work, and so is a synchronise, which
    takes a sixth less time without it.

    The setting is the process's; where threads overlap, the collector runs again when the first of them is ready.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def collector_seldom() -> Iterator[Callable[[], None]]:
    """The same for work that lasts for hours and may leave something behind that is part of a cycle: the collector
    runs when it is told to, and looks only at what was made since. Left to itself it takes two fifths of an export.

    :returns: what tells it.
    """
    gc.freeze()
    try:
        with collector_paused():
            yield _collect
    finally:
        gc.unfreeze()  # else what was garbage by then stays for as long as the process


def _collect() -> None:
    gc.collect()
