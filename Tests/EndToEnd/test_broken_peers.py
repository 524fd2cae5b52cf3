"""Callers and apps that leave, stall or answer early while a call is under way: the other side hears of it, the app's
slot is free for the next call, and nothing stays behind."""

import contextlib
import os
import pathlib
import socket
import struct
import threading
import time

import h2.config
import h2.connection
import h2.events
import pytest
from runtime import Mecha, component, free_port, wait_until

RESOURCES = {"memory.yaml": component("memory", "state.in-memory")}
MEGABYTE = 1 << 20


class RawApp:
    """An HTTP/1.1 app on bare sockets, which sees what its peers do.

    ``/hold`` answers when ``release`` is set, ``/events`` sends events without end, ``/upload`` reads the body at the pace
    of ``reading``, ``/flood`` sends without end, ``/early`` answers before it reads any body, ``/cut`` breaks off in its response, ``/drop`` before it.
    Other paths are answered at once.
    """

    def __init__(self):
        self.began = self.ended = self.cancelled = self.uploaded = 0
        self.stalled = False
        self.release, self.reading = threading.Event(), threading.Event()
        self.lock = threading.Lock()
        # A small buffer, so that what is not read stays with whoever sends it.
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.release.set()
        self.reading.set()
        self.listener.close()

    def count(self, name):
        with self.lock:
            setattr(self, name, getattr(self, name) + 1)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self.listener.accept()[0],), daemon=True).start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError, ValueError):
            stream = connection.makefile("rb")
            while line := stream.readline():
                fields = {}
                while (field := stream.readline()) not in (b"\r\n", b""):
                    name, _, value = field.decode().partition(":")
                    fields[name.lower()] = value.strip()
                path = line.split()[1].decode()
                handler = getattr(self, path.split("/")[1].split("?")[0], None)
                if path == "/dapr/subscribe" or handler is None:
                    self.answer(connection, b"fine")
                    continue
                self.count("began")
                try:
                    if handler(connection, stream, fields) is False:
                        return
                finally:
                    self.count("ended")

    @staticmethod
    def answer(connection, body, status="200 OK", more=""):
        connection.sendall(f"HTTP/1.1 {status}\r\n{more}content-length: {len(body)}\r\n\r\n".encode() + body)

    def _is_left(self, connection):
        connection.setblocking(False)
        try:
            return connection.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            connection.setblocking(True)

    def hold(self, connection, stream, fields):
        stream.read(int(fields.get("content-length", 0)))
        while not self.release.wait(0.01):
            if self._is_left(connection):
                self.count("cancelled")
                return False
        self.answer(connection, b"held")

    def events(self, connection, stream, fields):
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            while not self._is_left(connection):
                connection.sendall(b"9\r\ndata: x\n\n\r\n")
                time.sleep(0.01)
        except OSError:
            pass
        self.count("cancelled")
        return False

    def upload(self, connection, stream, fields):
        left = int(fields.get("content-length", 0))
        try:
            while left > 0:
                self.reading.wait(30)
                data = stream.read1(min(left, 1 << 16))
                if not data:
                    raise ConnectionError
                left -= len(data)
                with self.lock:
                    self.uploaded += len(data)
        except OSError:
            self.count("cancelled")
            return False
        self.answer(connection, str(self.uploaded).encode())

    def early(self, connection, stream, fields):
        self.answer(connection, b"too much", "413 Content Too Large")
        # What still comes is read, so that the kernel does not reset the connection over it.
        left = int(fields["content-length"])
        with contextlib.suppress(OSError):
            while left > 0 and (data := stream.read1(1 << 16)):
                left -= len(data)
        return False

    def flood(self, connection, stream, fields):
        """Sends without end; ``stalled`` tells that nothing has moved for a while."""
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\n\r\n")
        connection.settimeout(0.5)
        try:
            while True:
                try:
                    connection.send(bytes(1 << 16))
                except TimeoutError:
                    self.stalled = True
        except OSError:
            self.count("cancelled")
            return False

    def cut(self, connection, stream, fields):
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this")
        return False

    def drop(self, connection, stream, fields):
        return False


def descriptors(mecha):
    """Connections that the process has."""
    kinds = (os.readlink(entry) for entry in pathlib.Path(f"/proc/{mecha.process.pid}/fd").iterdir() if entry.is_symlink())
    with contextlib.suppress(OSError):
        return sum(kind.startswith("socket:") for kind in kinds)
    return descriptors(mecha)


@pytest.fixture(scope="module")
def app():
    with contextlib.closing(RawApp()) as app:
        yield app


@pytest.fixture(scope="module")
def runtimes(tmp_path_factory, app):
    """The runtime beside the app, which takes one call at a time, and another one."""
    folder = tmp_path_factory.mktemp("broken")
    env = {"MECHA_HOME": str(folder / "shared")}
    size = ["--max-body-size", "512Mi"]
    callee = Mecha(
        folder / "callee", "--app-port", str(app.port), "--app-max-concurrency", "1", *size, app_id="callee", env=env, resources=RESOURCES)
    with callee, Mecha(folder / "caller", *size, app_id="caller", env=env, resources=RESOURCES) as caller:
        callee.wait_ready("/v1.0/healthz")
        yield callee, caller


@pytest.fixture(params=["own app", "other runtime"])
def mecha(request, runtimes, app):
    app.release.clear()
    app.reading.clear()
    yield runtimes[request.param != "own app"]
    app.release.set()
    app.reading.set()
    while open_sockets:
        open_sockets.pop().close()
    wait_until(lambda: app.began == app.ended, "the app to be done")


def is_free(mecha):
    """Whether the one slot of the app is free."""
    answer = mecha.request("GET", "/v1.0/invoke/callee/method/fine")
    return (answer.status, answer.text) == (200, "fine")


# Of callers, until their test ends.
open_sockets = []


def connect(mecha):
    open_sockets.append(socket.create_connection(("127.0.0.1", mecha.http_port), 20))
    return open_sockets[-1]


class HTTP1Caller:
    """A request on a bare socket."""

    def __init__(self, mecha, path, body_bytes=0, method="GET"):
        self.socket = connect(mecha)
        fields = f"content-length: {body_bytes}\r\n" if body_bytes else ""
        self.socket.sendall(f"{method} /v1.0/invoke/callee/method/{path} HTTP/1.1\r\nhost: x\r\n{fields}\r\n".encode())

    def send(self, data):
        self.socket.sendall(data)

    def read_some(self):
        return self.socket.recv(65536)

    def close(self):
        self.socket.close()

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class HTTP2Caller:
    """A request on a stream of a connection of its own, frame by frame."""

    def __init__(self, mecha, path, body_bytes=0, method="GET"):
        self.socket = connect(mecha)
        self.protocol = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.protocol.initiate_connection()
        self.stream = self.protocol.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", "http"), (":authority", "x"), (":path", f"/v1.0/invoke/callee/method/{path}")]
        if body_bytes:
            fields.append(("content-length", str(body_bytes)))
        self.protocol.send_headers(self.stream, fields, end_stream=not body_bytes)
        self.body, self.status, self.is_complete, self.is_reset = b"", None, False, False
        self.flush()

    def flush(self):
        self.socket.sendall(self.protocol.data_to_send())

    def send(self, data):
        self.protocol.send_data(self.stream, data)
        self.flush()

    def read_some(self, acknowledge=True):
        """Body bytes of the next packets; empty at the end."""
        while not self.body and not self.is_complete and not self.is_reset:
            data = self.socket.recv(65536)
            if not data:
                break
            for event in self.protocol.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    self.status = int(dict(event.headers)[":status"])
                elif isinstance(event, h2.events.DataReceived):
                    self.body += event.data
                    if acknowledge:
                        self.protocol.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    self.is_complete = True
                elif isinstance(event, h2.events.StreamReset):
                    self.is_reset = True
            self.flush()
        body, self.body = self.body, b""
        return body

    def cancel(self):
        self.protocol.reset_stream(self.stream, 8)
        self.protocol.ping(b"are you?")
        self.flush()
        # Once this is answered, the reset was seen.
        while not any(isinstance(event, h2.events.PingAckReceived) for event in self.protocol.receive_data(self.socket.recv(65536))):
            pass

    def leave(self):
        self.protocol.close_connection()
        self.flush()
        self.socket.close()

    close, half_close, reset = HTTP1Caller.close, HTTP1Caller.half_close, HTTP1Caller.reset


WAYS = [(HTTP1Caller, way) for way in ("close", "half_close", "reset")]
WAYS += [(HTTP2Caller, way) for way in ("cancel", "close", "half_close", "reset", "leave")]


@pytest.mark.parametrize(["caller", "way"], WAYS, ids=lambda value: value if isinstance(value, str) else value.__name__)
class TestCallersThatLeave:
    def leave(self, mecha, app, caller, way):
        cancelled = app.cancelled
        getattr(caller, way)()
        wait_until(lambda: app.cancelled > cancelled, "the app to hear that its caller is gone")
        assert is_free(mecha)
        caller.close()

    def begin(self, app, make):
        began = app.began
        caller = make()
        wait_until(lambda: app.began > began, "the call to reach the app")
        return caller

    def test_before_the_response(self, mecha, app, caller, way):
        self.leave(mecha, app, self.begin(app, lambda: caller(mecha, "hold")), way)

    def test_within_a_stream_of_events(self, mecha, app, caller, way):
        one = self.begin(app, lambda: caller(mecha, "events"))
        assert one.read_some()
        self.leave(mecha, app, one, way)

    def test_within_the_request_s_body(self, mecha, app, caller, way):
        app.reading.set()
        one = self.begin(app, lambda: caller(mecha, "upload", 1000, "POST"))
        one.send(b"x" * 100)
        self.leave(mecha, app, one, way)

    def test_after_the_request_s_body(self, mecha, app, caller, way):
        one = self.begin(app, lambda: caller(mecha, "hold", 5, "POST"))
        one.send(b"12345")
        self.leave(mecha, app, one, way)

    def test_while_the_app_is_busy_with_others(self, mecha, app, caller, way):
        first = self.begin(app, lambda: HTTP1Caller(mecha, "hold"))
        began, sockets = app.began, descriptors(mecha)
        waiting = [caller(mecha, "hold") for _ in range(3)] + [caller(mecha, "hold", 5, "POST") for _ in range(3)]
        wait_until(lambda: descriptors(mecha) >= sockets + len(waiting), "the runtime to have them all")
        assert mecha.request("GET", "/v1.0/healthz/outbound").status == 204
        for one in waiting:
            getattr(one, way)()
        if way != "cancel":
            wait_until(lambda: descriptors(mecha) <= sockets, "the runtime to see them leave")
        app.release.set()
        assert b"held" in first.read_some()
        assert is_free(mecha)
        first.close()
        # Who had left before his turn has not been called for. Over two runtimes a farewell may cross its turn.
        assert app.began == began or mecha.app_id == "caller"
        for one in waiting:
            one.close()


def test_nothing_stays_behind(mecha, runtimes, app):
    def leave_all(rounds):
        for number in range(rounds):
            for caller, way in WAYS:
                began, cancelled = app.began, app.cancelled
                one = caller(mecha, "events" if number % 2 else "hold")
                wait_until(lambda: app.began > began, "the call to reach the app")
                getattr(one, way)()
                wait_until(lambda: app.cancelled > cancelled, "the call to end")
                one.close()

    leave_all(2)
    wait_until(lambda: is_free(mecha), "the app to be free")
    before = [(descriptors(runtime), runtime.resident_bytes) for runtime in runtimes]
    leave_all(12)
    assert is_free(mecha)
    for runtime, (sockets, resident) in zip(runtimes, before):
        wait_until(lambda: descriptors(runtime) <= sockets + 1, f"{runtime.app_id} to close its sockets")
        assert runtime.resident_bytes - resident < 8 * MEGABYTE


class TestEarlyAnswers:
    def test_to_http1_while_the_body_is_under_way(self, mecha, app):
        caller = HTTP1Caller(mecha, "early", 50 * MEGABYTE, "POST")
        caller.send(bytes(1000))
        answer = caller.read_some()
        assert answer.startswith(b"HTTP/1.1 413 ")
        while b"too much" not in answer:
            answer += caller.read_some()
        # So much more is not read for nothing: the connection ends.
        with contextlib.suppress(OSError):
            while True:
                caller.send(bytes(MEGABYTE))
        caller.close()
        assert is_free(mecha)

    def test_to_http2_while_the_body_is_under_way(self, mecha, app):
        caller = HTTP2Caller(mecha, "early", 50 * MEGABYTE, "POST")
        caller.send(bytes(1000))
        body = b""
        while piece := caller.read_some():
            body += piece
        assert (caller.status, body, caller.is_complete) == (413, b"too much", True)
        caller.close()
        assert is_free(mecha)

    def test_of_a_client_that_sends_all_before_it_reads(self, mecha, app):
        """Its answer comes through although the app never wanted the body."""
        answer = mecha.request("POST", "/v1.0/invoke/callee/method/early", body=bytes(200_000))
        assert (answer.status, answer.text) == (413, "too much")
        assert is_free(mecha)


class TestSlowness:
    @pytest.mark.parametrize("caller", [HTTP1Caller, HTTP2Caller])
    def test_of_an_app_holds_its_caller_back(self, mecha, runtimes, app, caller):
        size = 60 * MEGABYTE
        before = [runtime.resident_bytes for runtime in runtimes]
        app.uploaded = 0
        one = caller(mecha, "upload", size, "POST")
        one.socket.setblocking(False)
        piece, sent, stalled = memoryview(bytes(16_000)), 0, time.monotonic()
        pending = b""

        def push():
            """Sends what can be sent; False when nothing could."""
            nonlocal sent, pending
            if caller is HTTP1Caller:
                try:
                    count = one.socket.send(piece[:min(len(piece), size - sent)])
                except BlockingIOError:
                    return False
                sent += count
                return True
            with contextlib.suppress(BlockingIOError):
                one.protocol.receive_data(one.socket.recv(65536))
            room = min(one.protocol.local_flow_control_window(one.stream), len(piece), size - sent, one.protocol.max_outbound_frame_size)
            if room > 0 and not pending:
                sent += room
                one.protocol.send_data(one.stream, bytes(room), end_stream=sent == size)
            pending += one.protocol.data_to_send()
            try:
                count = one.socket.send(pending) if pending else 0
            except BlockingIOError:
                return False
            pending = pending[count:]
            return count > 0

        # Until nothing moves any more: whatever buffers there are, they are full.
        while time.monotonic() - stalled < 0.5:
            if push():
                stalled = time.monotonic()
            else:
                time.sleep(0.01)
        assert 0 < sent < 40 * MEGABYTE
        for runtime, resident in zip(runtimes, before):
            assert runtime.resident_bytes - resident < 12 * MEGABYTE
        app.reading.set()
        deadline = time.monotonic() + 60
        while sent < size or pending:
            if not push():
                assert time.monotonic() < deadline
                time.sleep(0.001)
        one.socket.settimeout(20)
        assert str(size).encode() in one.read_some()
        for runtime, resident in zip(runtimes, before):
            assert runtime.resident_bytes - resident < 12 * MEGABYTE
        one.close()

    @pytest.mark.parametrize("caller", [HTTP1Caller, HTTP2Caller])
    def test_of_a_caller_does_not_fill_the_runtime(self, mecha, runtimes, app, caller):
        """An app that sends events without end, to somebody who does not read."""
        before = [runtime.resident_bytes for runtime in runtimes]
        cancelled, app.stalled = app.cancelled, False
        one = caller(mecha, "flood")
        wait_until(lambda: app.stalled, "the app to be held back")
        for runtime, resident in zip(runtimes, before):
            assert runtime.resident_bytes - resident < 12 * MEGABYTE
        one.reset()
        wait_until(lambda: app.cancelled > cancelled, "the app to hear that its caller is gone")
        assert is_free(mecha)


class TestAppsThatLeave:
    def test_within_the_response(self, mecha, app):
        caller = HTTP1Caller(mecha, "cut")
        answer = b""
        with contextlib.suppress(ConnectionError):
            while piece := caller.read_some():
                answer += piece
        # What came in one piece with the end may be lost with it; the caller never takes a part for the whole.
        assert answer.endswith(b"only this") or b"only this" not in answer
        assert answer == b"" or b"content-length: 100\r\n" in answer or answer.startswith(b"HTTP/1.1 500 ")
        caller.close()
        stream = HTTP2Caller(mecha, "cut")
        while stream.read_some():
            pass
        assert stream.is_reset and not stream.is_complete or stream.status == 500
        stream.close()
        assert is_free(mecha)

    def test_before_the_response(self, mecha, app):
        for method, body in (("GET", None), ("POST", b"text")):
            answer = mecha.request(method, "/v1.0/invoke/callee/method/drop", body=body)
            assert (answer.status, answer.error) == (500, "ERR_DIRECT_INVOKE")
        assert is_free(mecha)

    def test_altogether(self, tmp_path):
        with Mecha(tmp_path, "--app-port", str(free_port()), resources=RESOURCES) as mecha:
            answer = mecha.request("GET", "/v1.0/invoke/app/method/x")
            assert (answer.status, answer.error) == (500, "ERR_DIRECT_INVOKE")
