"""An HTTP/2 client that sends any frames it is told to, valid or not."""

import socket

import hpack
from hyperframe.frame import (
    ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame, WindowUpdateFrame)

from raw import connect

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR = range(7)
REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM = range(7, 12)


def request(path, method="GET", *more):
    return [(":method", method), (":scheme", "http"), (":authority", "a"), (":path", path), *more]


class Closed(Exception):
    """The server closed the connection."""


class Peer:
    """One connection. `read()` gives the next frame that is not SETTINGS, a window update or an answered PING."""

    def __init__(self, probe, settings=None, preface=True, timeout=10):
        self.socket = connect(probe, timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) if probe.port else None
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.decoder.max_header_list_size = 1 << 20
        self.buffer, self.server_settings, self.windows = b"", {}, {}
        if preface:
            self.socket.sendall(PREFACE)
            self.send(SettingsFrame(0, settings or {}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    # Sending

    def send(self, *frames):
        self.socket.sendall(b"".join(frame.serialize() for frame in frames))

    def send_raw(self, type, flags, stream, payload):
        self.socket.sendall(len(payload).to_bytes(3, "big") + bytes([type, flags]) + stream.to_bytes(4, "big") + payload)

    def block(self, fields):
        return self.encoder.encode(fields)

    def headers(self, stream, fields, end_stream=True, end_headers=True):
        frame = HeadersFrame(stream, self.block(fields) if isinstance(fields, list) else fields)
        if end_stream:
            frame.flags.add("END_STREAM")
        if end_headers:
            frame.flags.add("END_HEADERS")
        return frame

    def data(self, stream, data, end_stream=False):
        frame = DataFrame(stream, data)
        if end_stream:
            frame.flags.add("END_STREAM")
        return frame

    def get(self, stream, path):
        self.send(self.headers(stream, request(path)))

    # Receiving

    def any_frame(self):
        while True:
            if len(self.buffer) >= 9:
                frame, length = Frame.parse_frame_header(memoryview(self.buffer)[:9])
                if len(self.buffer) >= 9 + length:
                    frame.parse_body(memoryview(self.buffer)[9:9 + length])
                    self.buffer = self.buffer[9 + length:]
                    return frame
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                raise Closed
            self.buffer += data

    def read(self):
        while True:
            frame = self.any_frame()
            if isinstance(frame, SettingsFrame):
                if "ACK" not in frame.flags:
                    self.server_settings.update(frame.settings)
                    self.send(SettingsFrame(0, flags=["ACK"]))
            elif isinstance(frame, WindowUpdateFrame):
                self.windows[frame.stream_id] = self.windows.get(frame.stream_id, 0) + frame.window_increment
            elif isinstance(frame, PingFrame) and "ACK" not in frame.flags:
                self.send(PingFrame(0, frame.opaque_data, flags=["ACK"]))
            else:
                return frame

    def response(self, stream):
        """(status, headers, body, trailers) of a stream; other streams' frames are dropped."""
        status, headers, body, trailers = None, {}, b"", {}
        while True:
            frame = self.read()
            fields = dict(self.decoder.decode(frame.data)) if isinstance(frame, HeadersFrame) else {}
            if frame.stream_id != stream:
                continue
            if isinstance(frame, HeadersFrame):
                if status is None or status < 200:
                    status, headers = int(fields[":status"]), fields
                else:
                    trailers = fields
            elif isinstance(frame, DataFrame):
                body += frame.data
            elif isinstance(frame, RstStreamFrame):
                raise AssertionError(f"stream {stream} was reset with {frame.error_code}")
            if "END_STREAM" in frame.flags:
                return status, headers, body, trailers

    def expect_goaway(self, *codes):
        """The server must end the connection, with one of `codes`."""
        try:
            while True:
                frame = self.read()
                if isinstance(frame, GoAwayFrame):
                    assert frame.error_code in codes, frame
                    break
        except Closed:
            raise AssertionError("closed without GOAWAY") from None
        try:
            while True:
                self.any_frame()
        except Closed:
            return frame

    def expect_reset(self, stream, *codes):
        """The server must reset the stream and keep the connection."""
        while True:
            frame = self.read()
            assert not isinstance(frame, GoAwayFrame), frame
            if isinstance(frame, RstStreamFrame) and frame.stream_id == stream:
                assert frame.error_code in codes, frame
                return frame

    def is_alive(self, stream):
        """Whether another request is served on a new stream."""
        self.get(stream, "/hello")
        return self.response(stream)[2] == b"hello"
