"""How connections get in when a crowd comes at once."""

import socket
from typing import Final

from uvicorn import Server

ENDS: Final = 64
"""Descriptors of one listening socket."""

_startup: Final = Server.startup


def accept_many() -> None:
    """Let a server that is started with its sockets, as Streamlit's is, accept many connections
    each time its loop comes round.

    uvloop accepts one for each listening descriptor that it has. While computations run, a round
    takes milliseconds, and a crowd would wait longer to be let in than to be refused. Neither
    uvicorn nor Streamlit has a setting for it.
    """
    Server.startup = _with_many_ends  # type: ignore[method-assign]


async def _with_many_ends(self: Server, sockets: list[socket.socket] | None = None) -> None:
    ends = [each.dup() for each in sockets or () for _ in range(ENDS)]
    await _startup(self, ends or None)
