"""A component of WASI HTTP in Python: what is asked for is in the path."""

import os
import time

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports import outgoing_handler
from wit_world.imports.types import (
    ErrorCode_InternalError, Fields, IncomingBody, Method_Post, OutgoingBody, OutgoingRequest, OutgoingResponse, ResponseOutparam)


def read(stream):
    """All of a body, piece by piece."""
    pieces = []
    while True:
        try:
            pieces.append(stream.blocking_read(65_536))
        except Err:
            return b"".join(pieces)


def write(stream, data):
    for start in range(0, len(data), 4_096):
        stream.blocking_write_and_flush(data[start:start + 4_096])


def body_of(message):
    body = message.consume()
    with body.stream() as stream:
        data = read(stream)
    trailers = IncomingBody.finish(body).get().value.value
    return data, trailers.entries() if trailers else []


def answer(response_out, status, headers, data, trailers=None):
    response = OutgoingResponse(Fields.from_list(headers))
    response.set_status_code(status)
    body = response.body()
    ResponseOutparam.set(response_out, Ok(response))
    with body.write() as stream:
        write(stream, data)
    OutgoingBody.finish(body, Fields.from_list(trailers) if trailers else None)


def forward(authority, data):
    request = OutgoingRequest(Fields.from_list([("x-from", b"python")]))
    request.set_method(Method_Post())
    request.set_path_with_query("/echo?forwarded=1")
    request.set_authority(authority)
    body = request.body()
    future = outgoing_handler.handle(request, None)
    with body.write() as stream:
        write(stream, data)
    OutgoingBody.finish(body, None)
    future.subscribe().block()
    return future.get().value


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request, response_out):
        path = (request.path_with_query() or "").split("?")[0]
        if path == "/echo":
            data, trailers = body_of(request)
            method = type(request.method()).__name__.removeprefix("Method_").upper()
            sent = dict(request.headers().entries())
            answer(
                response_out, 201,
                [("content-type", b"text/plain"), ("x-method", method.encode()), ("x-target", request.path_with_query().encode()),
                 ("x-from", sent.get("x-from", b"-")), ("x-trailers", str(len(trailers)).encode())],
                data, [("x-length", str(len(data)).encode())])
        elif path == "/error":
            ResponseOutparam.set(response_out, Err(ErrorCode_InternalError("not today")))
        elif path == "/raise":
            raise ValueError("a mistake in Python")
        elif path == "/silent":
            pass
        elif path == "/spin":
            while True:
                pass
        elif path == "/bomb":
            kept = []
            while True:
                kept.append(bytearray(1 << 20))
        elif path == "/sleep":
            time.sleep(60)
        elif path == "/forward":
            data, _ = body_of(request)
            result = forward(dict(request.headers().entries())["x-to"].decode(), data)
            if isinstance(result, Err):
                answer(response_out, 502, [], type(result.value).__name__.encode())
            else:
                data, _ = body_of(result.value)
                answer(response_out, 200, [("x-status", str(result.value.status()).encode())], data)
        elif path == "/surroundings":
            found = {name: os.environ[name] for name in sorted(os.environ)}
            try:
                found["/"] = ",".join(os.listdir("/"))
            except OSError as error:
                found["/"] = type(error).__name__
            answer(response_out, 200, [], repr(found).encode())
        elif path.startswith("/files"):
            answer(response_out, 200, [], self.files(body_of(request)[0].decode()).encode())
        elif path == "/print":
            print("a line to the log", flush=True)
            answer(response_out, 204, [], b"")
        else:
            answer(response_out, 404, [], b"nothing here")

    def files(self, script):
        """Runs a word on each line: read, write, list, remove, make."""
        results = []
        for line in script.splitlines():
            word, path, *rest = line.split(" ", 2)
            try:
                if word == "read":
                    with open(path) as file:
                        results.append(file.read())
                elif word == "write":
                    with open(path, "w") as file:
                        file.write(rest[0])
                    results.append("written")
                elif word == "append":
                    with open(path, "a") as file:
                        file.write(rest[0])
                    results.append("written")
                elif word == "list":
                    results.append(",".join(sorted(os.listdir(path))))
                elif word == "remove":
                    os.remove(path)
                    results.append("removed")
                elif word == "make":
                    os.mkdir(path)
                    results.append("made")
                elif word == "rename":
                    os.rename(path, rest[0])
                    results.append("renamed")
                elif word == "link":
                    os.symlink(rest[0], path)
                    results.append("linked")
                elif word == "size":
                    results.append(str(os.stat(path).st_size))
            except OSError as error:
                results.append(f"{word}: {type(error).__name__}")
        return "\n".join(results)
