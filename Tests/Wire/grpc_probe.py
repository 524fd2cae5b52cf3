"""What the gRPC tests share: stubs of the probe's services, and requests that grpcio would not send."""

import gzip
import socket
import struct
import threading
import time
import urllib.request

import grpc
import h2.config
import h2.connection
import h2.events
import pytest
from google.protobuf import empty_pb2, wrappers_pb2
from google.rpc import status_pb2

Bytes, Number = wrappers_pb2.BytesValue, wrappers_pb2.UInt32Value
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Echo:
    """The probe's mecha.probe.Echo (or .Relay) by hand-made stubs, so that no generated code is needed."""

    def __init__(self, channel, service="Echo"):
        def stub(form, name, request, response):
            return getattr(channel, form)(
                f"/mecha.probe.{service}/{name}", request_serializer=request.SerializeToString, response_deserializer=response.FromString)

        self.unary = stub("unary_unary", "Unary", Bytes, Bytes)
        self.fail = stub("unary_unary", "Fail", status_pb2.Status, empty_pb2.Empty)
        self.sleep = stub("unary_unary", "Sleep", Number, empty_pb2.Empty)
        self.count = stub("unary_stream", "Count", Number, Number)
        self.flood = stub("unary_stream", "Flood", Bytes, Bytes)
        self.sum = stub("stream_unary", "Sum", Number, Number)
        self.chat = stub("stream_stream", "Chat", Bytes, Bytes)
        self.missing = stub("unary_unary", "Missing", Bytes, Bytes)


def channel_to(probe, options=UNLIMITED, **arguments):
    return grpc.insecure_channel(f"127.0.0.1:{probe.port}", options=options, **arguments)


def code_of(call):
    with pytest.raises(grpc.RpcError) as failure:
        result = call()
        if hasattr(result, "__iter__") and not isinstance(result, bytes):
            list(result)
    return failure.value.code()


def running(probe):
    """Handlers under way, as the probe counts them."""
    with urllib.request.urlopen(f"http://127.0.0.1:{probe.port}/counters", timeout=10) as response:
        return dict(pair.split("=") for pair in response.read().decode().split())["running"]


def wait_until_idle(probe):
    limit = time.monotonic() + 10
    while running(probe) != "0":
        assert time.monotonic() < limit, "a handler goes on although its call is over"
        time.sleep(0.01)


def iter_forever():
    event = threading.Event()
    while not event.wait(3600):
        yield Bytes()


def frame(message, compressed=False):
    payload = message.SerializeToString()
    payload = gzip.compress(payload) if compressed else payload
    return struct.pack(">BI", compressed, len(payload)) + payload


class RawHTTP2:
    """One HTTP/2 connection through `h2`, for requests that grpcio would not send."""

    def __init__(self, probe):
        self.socket = socket.create_connection(("127.0.0.1", probe.port), timeout=10)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, validate_outbound_headers=False))
        self.h2.initiate_connection()
        self.responses = {}
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def request(self, path, fields=None, body=b"", end=True):
        headers = {":method": "POST", ":scheme": "http", ":authority": "x", ":path": path, "content-type": "application/grpc", "te": "trailers"}
        headers.update(fields or {})
        stream = self.h2.get_next_available_stream_id()
        self.responses[stream] = {"headers": {}, "body": b"", "trailers": {}, "ended": False, "reset": None}
        self.h2.send_headers(stream, list(headers.items()))
        self.h2.send_data(stream, body, end_stream=end)
        self.flush()
        return stream

    def response(self, stream):
        """Reads until the stream has ended."""
        response = self.responses[stream]
        while not response["ended"]:
            data = self.socket.recv(65536)
            assert data, "the connection was closed"
            for event in self.h2.receive_data(data):
                known = self.responses.get(getattr(event, "stream_id", None))
                if isinstance(event, h2.events.ResponseReceived):
                    known["headers"] = {name.decode(): value.decode() for name, value in event.headers}
                elif isinstance(event, h2.events.TrailersReceived):
                    known["trailers"] = {name.decode(): value.decode() for name, value in event.headers}
                elif isinstance(event, h2.events.DataReceived):
                    known["body"] += event.data
                elif isinstance(event, h2.events.StreamReset):
                    known["reset"] = event.error_code
                    known["ended"] = True
                elif isinstance(event, h2.events.StreamEnded):
                    known["ended"] = True
            self.flush()
        # A response of headers alone says all in them.
        response["trailers"] = response["trailers"] or response["headers"]
        return response
