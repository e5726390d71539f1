"""The HTTP side of the emulator: keep-alive connections and a quiet log.

Werkzeug's development server closes every connection and waits 10 ms after each answer to
drain the socket. A deployment makes thousands of small calls, so the handler here reads the
whole request before the application sees it; then the connection can stay open.
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

log = logging.getLogger("tarn_emulator.http")

#: Longer than the idle time of the pools of the Go, Java and Python SDKs, so that it is the
#: client, never the server, that drops an idle connection.
IDLE_SECONDS = 600

#: Answers that may not carry a body.
BODILESS_STATUS = {204, 304}

#: Which key an object is encrypted with.
KMS_KEY = "x-amz-server-side-encryption-aws-kms-key-id"


class KeepAliveHandler(MotoRequestHandler):
    """Serves any number of requests on one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = IDLE_SECONDS

    def handle_expect_100(self) -> bool:
        """Tell the client at once to send its body; the buffered stream would hold it back."""
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.wfile.flush()
        return True

    def run_wsgi(self) -> None:
        """Read the request, run the application, send the answer with its length."""
        self.environ = environ = self.make_environ()
        body = self._read_body(environ)
        if body is None:
            self.close_connection = True
            return
        environ["wsgi.input"] = io.BytesIO(body)
        environ["wsgi.input_terminated"] = True
        environ["CONTENT_LENGTH"] = str(len(body))
        # The body is whole now: a leftover header would make the application decode it again.
        environ.pop("HTTP_TRANSFER_ENCODING", None)

        status, headers, chunks = run_application(self.server.app, environ)
        self._send(status, headers, b"".join(chunks))

    def _read_body(self, environ: dict[str, Any]) -> bytes | None:
        """The decoded body; None when the client went away or sent nonsense."""
        try:
            if environ.get("wsgi.input_terminated"):  # chunked, decoded by werkzeug
                return environ["wsgi.input"].read()
            length = int(environ.get("CONTENT_LENGTH") or 0)
            body = self.rfile.read(length) if length else b""
        except (OSError, ValueError):
            return None
        return body if len(body) == length else None

    def _send(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        code_text, _, reason = status.partition(" ")
        code = int(code_text)
        self.send_response(code, reason)
        has_length = False
        for name, value in headers:
            lowered = name.lower()
            if lowered in ("connection", "transfer-encoding"):
                continue
            if lowered == KMS_KEY and self.command == "HEAD" and self._is_hadoop():
                continue
            if lowered == "content-length":
                if self.command != "HEAD":
                    continue
                has_length = True
            self.send_header(name, value)
        if self.command == "HEAD":
            # A HEAD answer repeats the length the GET would have.
            if not has_length:
                self.send_header("Content-Length", str(len(body)))
            body = b""
        elif code in BODILESS_STATUS:
            body = b""
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _is_hadoop(self) -> bool:
        """Whether Spark's own S3 client asks, which renames by copying.

        It would name an object's key in the request for the copy, which its AWS client refuses
        without TLS: no rename, so no commit of a file or of a stream's checkpoint. The bucket's
        default encryption gives the copy its key.
        """
        return "Hadoop" in self.headers.get("User-Agent", "")

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """One line per request only when debugging: the log is for what went wrong."""
        log.debug("%s %s -> %s", self.command, self.path, code)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Send the server's own messages through logging."""
        log.warning(message, *args)


def run_application(
    application: Callable[..., Iterable[bytes]], environ: dict[str, Any]
) -> tuple[str, list[tuple[str, str]], list[bytes]]:
    """Run a WSGI application to its end: (status line, headers, body chunks)."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        started.append((status, headers))
        return written.append

    iterable = application(environ, start_response)
    try:
        chunks = list(iterable)
    finally:
        close = getattr(iterable, "close", None)
        if close is not None:
            close()
    status, headers = started[-1]
    return status, headers, written + chunks


def bind(port: int, application: Callable[..., Iterable[bytes]]) -> BaseWSGIServer:
    """A threaded server bound to the loopback interface; port 0 picks a free one."""
    server = make_server(
        "127.0.0.1", port, application, threaded=True, request_handler=KeepAliveHandler
    )
    server.handle_error = _log_dropped_connection  # type: ignore[method-assign]
    return server


def _log_dropped_connection(request: Any, client_address: Any) -> None:
    """A client that hangs up in the middle is no event; anything else is logged in full."""
    error = sys.exc_info()[1]
    if isinstance(error, ConnectionError):
        return
    log.exception("request from %s failed in the server itself", client_address)
