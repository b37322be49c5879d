"""How an answer leaves: late, whole, in part or not at all. Everything here is one connection's matter.

A reset is a real one: SO_LINGER with no time makes the kernel send RST, as a crashed host or a firewall does. A half
closed connection gets a FIN while the server still reads.
"""

import asyncio
import socket
import struct

from aiohttp import web

from syncramp.simulator.faults import Answer, Ending

NO_LINGER = struct.pack("ii", 1, 0)
HALF_CLOSED_FOR = 30.0
"""Seconds for the client to close its side too."""


async def deliver(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Send an answer the way it says."""
    if answer.seconds:
        await asyncio.sleep(answer.seconds)
    whole = web.Response(
        status=answer.status, body=answer.body, content_type=answer.content_type, headers=dict(answer.headers)
    )
    transport = request.transport
    if transport is None:  # the client is gone
        return whole
    match answer.ending:
        case Ending.RESET:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            transport.abort()
        case Ending.CLOSED:
            transport.close()
        case Ending.HALF_CLOSED:
            transport.get_extra_info("socket").shutdown(socket.SHUT_WR)
            await _gone(request)
        case Ending.CUT:
            return await _cut(request, answer)
        case Ending.WHOLE:
            pass
    return whole


async def _cut(request: web.Request, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=dict(answer.headers))
    response.content_type = answer.content_type
    response.content_length = len(answer.body)
    response.force_close()
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    return response


async def _gone(request: web.Request) -> None:
    deadline = asyncio.get_running_loop().time() + HALF_CLOSED_FOR
    while request.transport is not None and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.02)
