"""A way to a PostgreSQL server that takes time: a proxy on a socket, behind which every byte waits."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from support.postgresql import Server

SOCKET = ".s.PGSQL.5432"
CHUNK = 1 << 16


@contextmanager
def delayed(server: Server, seconds: float) -> Iterator[str]:
    """The URI of a server whose answers come so much later; what is sent without waiting for answers stays so."""
    with TemporaryDirectory(prefix="far-") as folder:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        try:
            served = _serve(Path(folder), server.folder / SOCKET, seconds / 2)
            asyncio.run_coroutine_threadsafe(served, loop).result()
            yield server.uri.replace(quote(str(server.folder), safe=""), quote(folder, safe=""))
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()


async def _serve(folder: Path, behind: Path, wait: float) -> None:
    async def passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_unix_connection(str(behind))
        await asyncio.gather(_pass(reader, ours, wait), _pass(theirs, writer, wait))

    await asyncio.start_unix_server(passed, str(folder / SOCKET))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait: float) -> None:
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    written = asyncio.create_task(_write(under_way, writer))
    chunk = b"first"
    while chunk:
        chunk = await reader.read(CHUNK)
        under_way.put_nowait((time.monotonic() + wait, chunk))
    await written


async def _write(under_way: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter) -> None:
    while True:
        due, chunk = await under_way.get()
        await asyncio.sleep(max(due - time.monotonic(), 0.0))
        if not chunk:
            break
        writer.write(chunk)
    writer.close()
