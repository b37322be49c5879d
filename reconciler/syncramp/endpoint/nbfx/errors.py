"""What is wrong with a message, and where."""


class NbfxError(ValueError):
    """A message is not legal binary XML.

    :param offset: of the byte that is not what it should be.
    :param expected: what should stand there.
    """

    def __init__(self, offset: int, expected: str) -> None:
        super().__init__(f"at byte {offset}: expected {expected}")
        self.offset = offset
        self.expected = expected
