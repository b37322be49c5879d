"""Secrets and ConfigMaps as files, laid out as Kubernetes mounts them: ``DIR/<name>/<key>``."""

from pathlib import Path

from syncramp.errors import InputRefused


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
        path = self._directory / name / key
        if any(part in ("", ".", "..") or "/" in part for part in (name, key)):
            raise InputRefused(f"{name}/{key} is no name of a Secret's key", where=str(self._directory))
        try:
            return path.read_bytes()
        except OSError as error:
            raise InputRefused(
                f"the Secret or ConfigMap {name} has no readable key {key}: {error.strerror}",
                where=str(path),
                remedy="lay Secrets out as DIR/<name>/<key> and name DIR with --secrets",
            ) from None
