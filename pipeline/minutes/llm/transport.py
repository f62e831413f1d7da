"""One HTTP exchange with the host of a language model, within a time and a size.

`http.client` of the standard library: it knows no proxies, redirects, cookies or stored passwords, so that only the
named host is contacted. The exchange runs in a thread, because the time limits of a socket count from byte to byte: a
server that sends one byte a second would never meet them. At the deadline the socket is shut, which ends the thread.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

from pipeline.minutes.llm.failures import LATE, NO_CONNECTION, TOO_LARGE, BadAnswer, Unreachable
from pipeline.minutes.llm.model import LanguageModel

if TYPE_CHECKING:
    from http.client import HTTPConnection

MOST_BYTES = 1 << 20
"""Most bytes of an answer: 1 MiB. Chosen by hand, some fifty times the longest answer that is asked for."""
_BLOCK = 1 << 14


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    status: int
    """HTTP status."""
    content_type: str
    """Media type in lower case, without parameters."""
    body: bytes
    """The content, up to `MOST_BYTES`."""


def post(model: LanguageModel, path: str, body: bytes) -> Reply:
    """Send JSON to a path below the model's address. Raises `Unreachable` or `BadAnswer` within the model's timeout."""
    exchange = _Exchange(model, path, body)
    thread = Thread(target=exchange.run, name="language model", daemon=True)
    thread.start()
    try:
        thread.join(model.timeout)
        late = thread.is_alive()
    finally:
        exchange.stop()
    if late:
        raise Unreachable(LATE.format(model.timeout))
    if exchange.reply is None:
        assert exchange.error
        raise exchange.error
    return exchange.reply


class _Exchange:
    """A request and its reply or error."""

    def __init__(self, model: LanguageModel, path: str, body: bytes) -> None:
        self.reply: Reply | None = None
        self.error: Exception | None = None
        self._model, self._path, self._body = model, path, body
        self._connection: HTTPConnection | None = None
        self._socket: socket.socket | None = None
        self._stopped = False

    def stop(self) -> None:
        """End the exchange wherever it is."""
        self._stopped = True
        opened = self._socket or (self._connection and self._connection.sock)  # the connection forgets it when it reads
        if opened:
            with suppress(OSError, ValueError):
                opened.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        """Make the exchange; one that is stopped has no reply."""
        from http.client import HTTPException

        try:
            self.reply = self._exchanged()
        except TimeoutError:
            self.error = Unreachable(LATE.format(self._model.timeout))
        except (OSError, HTTPException, ValueError):  # refused, reset, no such host, TLS, no HTTP
            self.error = Unreachable(NO_CONNECTION)
        except Exception as error:
            self.error = error

    def _exchanged(self) -> Reply:
        connection = self._connection = self._opened()
        try:
            connection.connect()
            self._socket = connection.sock
            if self._stopped:
                raise TimeoutError
            connection.request("POST", self._model.address.path.rstrip("/") + self._path, self._body, self._headers())
            with connection.getresponse() as response:
                if (response.length or 0) > MOST_BYTES:
                    raise BadAnswer(TOO_LARGE)
                content = bytearray()
                while block := response.read1(_BLOCK):
                    content += block
                    if len(content) > MOST_BYTES:
                        raise BadAnswer(TOO_LARGE)
                return Reply(response.status, response.headers.get_content_type(), bytes(content))
        finally:
            connection.close()

    def _opened(self) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection

        host, port = self._model.address.hostname or "", self._model.address.port
        if self._model.address.scheme == "http":
            return HTTPConnection(host, port, timeout=self._model.timeout)
        import ssl

        return HTTPSConnection(host, port, timeout=self._model.timeout, context=ssl.create_default_context())

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Connection": "close"}
        return headers | ({"Authorization": f"Bearer {self._model.key}"} if self._model.key else {})
