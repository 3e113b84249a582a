"""A publisher of weights on this machine: a web server that can be slow, wrong, torn or gone."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Publisher:
    """What is served under every path, how it goes wrong, and what was asked."""

    data: bytes
    etag: str = '"1"'
    status: int = 0  # answered instead, when set
    torn_after: list[int] = field(default_factory=list)  # bytes of each coming answer before the line breaks
    moved_to: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


@contextlib.contextmanager
def publishing(data: bytes) -> Iterator[Publisher]:
    publisher = Publisher(data)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(publisher))
    publisher.url = f"http://127.0.0.1:{server.server_port}/net.onnx"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield publisher
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(publisher: Publisher) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            publisher.asked.append(dict(self.headers.items()))
            if publisher.status or publisher.moved_to:
                self.send_response(publisher.status or 302)
                self.send_header("Location", publisher.moved_to)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._serve()

        def _serve(self) -> None:
            start, size = 0, len(publisher.data)
            if self.headers.get("Range") and self.headers.get("If-Range") == publisher.etag:
                start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            else:
                self.send_response(200)
            self.send_header("ETag", publisher.etag)
            self.send_header("Content-Length", str(size - start))
            self.end_headers()
            part = publisher.data[start:]
            self.wfile.write(part[: publisher.torn_after.pop(0)] if publisher.torn_after else part)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
