"""Python's cyclic garbage collector and much work of one kind: they do not go together."""

import gc
from collections.abc import Iterator
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
