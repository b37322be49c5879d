"""Python's cyclic garbage collector and messages: they do not go together."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """While a message is read, without the collector, which would walk over all that was made so far again and again.
    A message makes many objects, and none of them is part of a cycle, so there is nothing that it could find.

    The setting is the process's; where threads overlap, the collector runs again when the first of them is ready.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
