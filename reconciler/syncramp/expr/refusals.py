"""What the library takes and we do not offer."""


class Refused(Exception):
    """A node that is not offered, with its place in the text."""

    def __init__(self, at: int, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.at = at
        """Characters from the beginning."""
        self.what = what
        self.remedy = remedy
