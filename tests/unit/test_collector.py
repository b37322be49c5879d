"""Python's cyclic collector, while work goes on that it would only be in the way of, and after it."""

import gc
import weakref

from syncramp.collector import collector_seldom


class Ring:
    """It is part of a cycle."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_garbage_before_seldom_collected_work_goes_after_it() -> None:
    gc.collect()
    gc.disable()
    try:
        ring = weakref.ref(Ring())
        with collector_seldom() as tidy:
            tidy()
            assert ring() is not None
            inside = weakref.ref(Ring())
            tidy()
            assert inside() is None
        gc.collect()
        assert ring() is None
    finally:
        gc.enable()
