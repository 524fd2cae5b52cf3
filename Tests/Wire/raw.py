"""Plain sockets and a small HTTP/1.1 response reader, so that tests see every byte."""

import socket
import time


def connect(probe, timeout=10):
    if probe.path:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout)
        connection.connect(probe.path)
        return connection
    return socket.create_connection(("127.0.0.1", probe.port), timeout=timeout)


class Response:
    def __init__(self, status, headers, body, trailers=()):
        self.status, self.headers, self.body, self.trailers = status, headers, body, dict(trailers)


class Reader:
    """Reads responses off a connection one after the other."""

    def __init__(self, connection):
        self.connection, self.buffer = connection, b""

    def fill(self):
        data = self.connection.recv(65536)
        self.buffer += data
        return bool(data)

    def until(self, mark):
        while mark not in self.buffer:
            if not self.fill():
                raise EOFError(f"closed before {mark!r}: {self.buffer[:200]!r}")
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def exactly(self, count):
        while len(self.buffer) < count:
            if not self.fill():
                raise EOFError(f"closed after {len(self.buffer)} of {count} bytes")
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def rest(self):
        while self.fill():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def fields(self, lines):
        return {name.strip().lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}

    def response(self, head_only=False):
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status = lines[0].split(" ")[:2]
        assert version == "HTTP/1.1", lines[0]
        status, headers = int(status), self.fields(lines[1:])
        if head_only or status in (204, 304) or status < 200:
            return Response(status, headers, b"")
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self.until(b"\r\n"), 16):
                body += self.exactly(size)
                assert self.exactly(2) == b"\r\n"
            trailer_lines = []
            while line := self.until(b"\r\n"):
                trailer_lines.append(line.decode("latin-1"))
            return Response(status, headers, body, self.fields(trailer_lines))
        if "content-length" in headers:
            return Response(status, headers, self.exactly(int(headers["content-length"])))
        return Response(status, headers, self.rest())

    def is_closed(self):
        """Whether the peer has closed without another byte."""
        return self.buffer == b"" and self.rest() == b""


def exchange(probe, data, half_close=False):
    """Sends bytes and returns everything that comes back until the server closes."""
    with connect(probe) as connection:
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        return Reader(connection).rest()


def eventually(condition, seconds=10):
    """Waits for something the server does on its own."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False
