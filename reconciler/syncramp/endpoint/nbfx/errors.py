"""What is wrong with a message, and where."""


class WireError(ValueError):
    """A message that is not what it should be: its bytes (NbfxError) or what they say (ContractError).

    Whatever bytes a peer sends, the codec gives a value or raises this.
    """


class NbfxError(WireError):
    """A message is not legal binary XML.

    :param offset: of the byte that is not what it should be.
    :param expected: what should stand there.
    """

    def __init__(self, offset: int, expected: str) -> None:
        super().__init__(f"at byte {offset}: expected {expected}")
        self.offset = offset
        self.expected = expected
