"""HTTP/1.1 with trailers, byte by byte: an app that tells what it got, and a client."""

import json
import socket
import socketserver

from served import Served


class TrailersApp(Served):
    """Answers each request with JSON of what came, in pieces, with a trailer behind."""

    def __init__(self):
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                while request := read_message(self.rfile):
                    start, headers, body, trailers = request
                    answer = json.dumps({"start": start, "headers": headers, "body": body.decode(), "trailers": trailers}).encode()
                    if start.split()[1] == "/dapr/subscribe":
                        self.wfile.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
                        continue
                    self.wfile.write(
                        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-app: 1\r\n\r\n%x\r\n%s\r\n0\r\nx-sum: given\r\nx-kept: 1\r\n\r\n"
                        % (len(answer), answer))

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        super().__init__(Server(("127.0.0.1", 0), Handler))


def read_message(stream):
    """(first line, headers, body, trailers) of the next message; nothing at the end."""
    start = stream.readline().decode().strip()
    if not start:
        return None
    headers = _fields(stream)
    if headers.get("transfer-encoding") != "chunked":
        return start, headers, stream.read(int(headers.get("content-length", 0))), {}
    body = b""
    while size := int(stream.readline(), 16):
        body += stream.read(size)
        stream.readline()
    return start, headers, body, _fields(stream)


def _fields(stream):
    fields = {}
    while line := stream.readline().decode().strip():
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    return fields


def call_with_trailers(port, path, body, trailers, headers=None):
    """Posts a body in pieces with trailers behind; the response as ``read_message`` has it."""
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    end = "".join(f"{name}: {value}\r\n" for name, value in trailers.items())
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"{head}\r\n{len(body):x}\r\n{body}\r\n0\r\n{end}\r\n".encode())
        return read_message(connection.makefile("rb"))
