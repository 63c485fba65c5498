"""A server on a real socket that plays scripted bytes."""

from __future__ import annotations

import json
import socket
import struct
import threading
from contextlib import contextmanager


def http(body=b"", status="200 OK", **headers):
    """An HTTP answer as bytes; JSON from an object. The connection is closed after it."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    lines = [f"HTTP/1.1 {status}", "Connection: close"]
    lines += [f"{name}: {text}" for name, text in names.items() if text is not None]
    if "Content-Length" not in names and "Transfer-Encoding" not in names:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


class Peer:
    """One accepted connection, in the server's thread."""

    def __init__(self, connection):
        self.connection = connection

    def read(self):
        """Read one whole request."""
        data = b""
        while b"\r\n\r\n" not in data:
            if not (chunk := self.connection.recv(65536)):
                return data
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        while len(body) < length:
            body += self.connection.recv(65536)
        return head + b"\r\n\r\n" + body

    def write(self, content):
        self.connection.sendall(content)

    def reset(self):
        """End the connection at once, without a goodbye."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class RawServer:
    """
    Plays one act for each connection: bytes to answer with, or what to do with a `Peer`.

    Attributes:
        seen: The requests that arrived, as bytes.
    """

    def __init__(self, acts):
        self.seen = []
        self.url = ""
        self.failures = []
        self.release = threading.Event()
        self._acts = list(acts)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.02)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @contextmanager
    def running(self):
        self._thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            self.release.set()
            self._thread.join(30)
            self._listener.close()
        assert not self.failures, self.failures

    def _serve(self):
        for act in self._acts:
            while True:
                try:
                    connection, _ = self._listener.accept()
                    break
                except TimeoutError:
                    if self._stopping.is_set():
                        return
            connection.settimeout(30)
            with connection:
                try:
                    self._perform(act, Peer(connection))
                except (BrokenPipeError, ConnectionResetError):
                    continue  # the client had enough, as it may
                except Exception as failure:  # noqa: BLE001  (told when the server stops)
                    self.failures.append(failure)

    def _perform(self, act, peer):
        if callable(act):
            act(self, peer)
            return
        if request := peer.read():
            self.seen.append(request)
            peer.write(act)
