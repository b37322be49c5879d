"""Secrets and ConfigMaps as files, laid out as Kubernetes mounts them: ``DIR/<name>/<key>``."""

from pathlib import Path

from syncramp.errors import InputRefused
from syncramp.model.seams import SecretReader


class FileSecrets:
    """Secrets in a folder.

    :param directory: the folder that holds one folder for each Secret or ConfigMap.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, name: str, key: str) -> bytes:
        """The content of one key, byte for byte.

        :raises InputRefused: there is no such file, or a name leads out of the folder; a content is never told.
        """
        path = self.path(name, key)
        try:
            return path.read_bytes()
        except OSError as error:
            raise InputRefused(
                f"the Secret or ConfigMap {name} has no readable key {key}: {error.strerror}",
                where=str(path),
                remedy="put the key into it; outside of a cluster it is the file DIR/<name>/<key> of --secrets DIR",
            ) from None

    def path(self, name: str, key: str) -> Path:
        """The file of one key, which may not be there; for what is too long to be held in memory.

        :raises InputRefused: a name leads out of the folder.
        """
        if any(part in ("", ".", "..") or "/" in part for part in (name, key)):
            raise InputRefused(f"{name}/{key} is no name of a Secret's key", where=str(self._directory))
        return self._directory / name / key


def text(secrets: SecretReader, name: str, key: str) -> str:
    """One key as text, without the line end that editors put at its end.

    :raises InputRefused: it is missing, empty or no text.
    """
    try:
        found = secrets.read(name, key).decode().strip("\r\n")
    except UnicodeDecodeError:  # its own words would hold a byte of the secret
        found = ""
    if not found:
        raise InputRefused(
            "the key is empty or no UTF-8 text", where=f"Secret {name}, key {key}", remedy="make the Secret again"
        )
    return found


def optional_text(secrets: SecretReader, name: str, key: str) -> str | None:
    """One key as text; None if it is missing, empty or no text."""
    try:
        return text(secrets, name, key)
    except InputRefused:
        return None
