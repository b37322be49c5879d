"""Which parts has each source? They are asked side by side: one that does not answer takes its time."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from syncramp.cycle.readers import End, Question, Task, reading
from syncramp.errors import SyncrampError
from syncramp.model.seams import Interruptible, Source

Answer = Sequence[str] | SyncrampError
"""The parts of a source, or why it does not tell them."""


def asked(sources: Sequence[Source], look: Callable[[], None]) -> Iterator[tuple[int, Answer]]:
    """Ask each of some sources.

    :param look: called again and again; raises what is to end it.
    :returns: the number of a source, with its answer, as answers come.
    """
    with reading([_asking(source) for source in sources], waking(sources)) as readers:
        for number, told in readers.told(look):
            match told:
                case End(error=SyncrampError() as error):
                    yield number, error
                case End(error=BaseException() as error):
                    raise error
                case End() | Question():
                    pass
                case _:
                    yield number, told


def _asking(source: Source) -> Task[Sequence[str]]:
    return lambda _: iter((source.partitions(),))


def waking(sources: Iterable[Source]) -> Callable[[], None]:
    """What lets sources that wait for a server go on at once, with an error."""

    def wake() -> None:
        for source in sources:
            if isinstance(source, Interruptible):
                source.interrupt()

    return wake
