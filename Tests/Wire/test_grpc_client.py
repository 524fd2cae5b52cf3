"""Our gRPC client against a server that is not ours: the probe relays calls to grpcio's server.

The relay is Sources/mecha-wire-probe/ProbeRelay.swift.
"""

import concurrent.futures
import threading

import grpc
import pytest
from google.protobuf import empty_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from grpc_probe import Bytes, Echo, Number, channel_to, code_of, iter_forever, wait_until_idle


class Service(grpc.GenericRpcHandler):
    """mecha.probe.Echo on grpcio; remembers what it saw."""

    def __init__(self):
        self.metadata = {}
        self.time_remaining = None
        self.ended = threading.Event()
        self.forms = {
            "Unary": (grpc.unary_unary_rpc_method_handler, self.unary, Bytes, Bytes),
            "Fail": (grpc.unary_unary_rpc_method_handler, self.fail, status_pb2.Status, empty_pb2.Empty),
            "Sleep": (grpc.unary_unary_rpc_method_handler, self.sleep, Number, empty_pb2.Empty),
            "Count": (grpc.unary_stream_rpc_method_handler, self.count, Number, Number),
            "Sum": (grpc.stream_unary_rpc_method_handler, self.sum, Number, Number),
            "Chat": (grpc.stream_stream_rpc_method_handler, self.chat, Bytes, Bytes),
        }

    def service(self, details):
        if not details.method.startswith("/mecha.probe.Echo/"):
            return None
        make, handler, request, response = self.forms[details.method.rsplit("/", 1)[1]]
        return make(handler, request_deserializer=request.FromString, response_serializer=response.SerializeToString)

    def unary(self, request, context):
        self.metadata = dict(context.invocation_metadata())
        self.time_remaining = context.time_remaining()
        context.send_initial_metadata((("x-head", "1"), ("x-head-bin", b"\x00\xff")))
        context.set_trailing_metadata((("x-tail", "2"),))
        return request

    def fail(self, request, context):
        context.abort_with_status(rpc_status.to_status(request))

    def sleep(self, request, context):
        context.add_callback(self.ended.set)
        assert self.ended.wait(30)
        return empty_pb2.Empty()

    def count(self, request, context):
        for number in range(request.value):
            yield Number(value=number)

    def sum(self, requests, context):
        return Number(value=sum(request.value for request in requests))

    def chat(self, requests, context):
        context.add_callback(self.ended.set)
        for request in requests:
            if request.value == b"stop":
                context.abort(grpc.StatusCode.OUT_OF_RANGE, "told to stop")
            yield request


class Target:
    def __init__(self, **arguments):
        self.service = Service()
        unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(20), (self.service,), options=unlimited, **arguments)
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        self.metadata = (("x-target", str(self.port)),)


@pytest.fixture
def target():
    target = Target()
    yield target
    target.server.stop(None)


@pytest.fixture
def relay(server):
    with channel_to(server) as channel:
        yield Echo(channel, "Relay")


@pytest.mark.parametrize("size", [0, 1, 70_000, 4_000_000])
def test_unary_messages_of_all_sizes_pass(target, relay, size):
    assert relay.unary(Bytes(value=b"x" * size), metadata=target.metadata).value == b"x" * size


def test_the_streaming_forms_pass(target, relay):
    assert [n.value for n in relay.count(Number(value=2_000), metadata=target.metadata)] == list(range(2_000))
    assert relay.sum((Number(value=n) for n in range(1_000)), metadata=target.metadata).value == sum(range(1_000))
    sent = [Bytes(value=str(index).encode()) for index in range(100)]
    assert list(relay.chat(iter(sent), metadata=target.metadata)) == sent


def test_the_request_head_is_what_servers_expect(target, relay):
    relay.unary(Bytes(), metadata=target.metadata + (("x-raw-bin", b"\x00\x01"),), timeout=30)
    assert target.service.metadata["x-raw-bin"] == b"\x00\x01"
    assert target.service.metadata["user-agent"].startswith("grpc-mecha/")
    assert 0 < target.service.time_remaining <= 30


def test_metadata_of_the_response_arrives(target, relay):
    _, call = relay.unary.with_call(Bytes(), metadata=target.metadata)
    assert {("x-head", "1"), ("x-head-bin", b"\x00\xff")} <= {(key, value) for key, value in call.initial_metadata()}
    assert ("x-tail", "2") in {(key, value) for key, value in call.trailing_metadata()}


def test_a_status_with_details_arrives(target, relay):
    sent = status_pb2.Status(code=9, message="50% ä")
    sent.details.add().Pack(error_details_pb2.ErrorInfo(reason="WHY"))
    with pytest.raises(grpc.RpcError) as failure:
        relay.fail(sent, metadata=target.metadata)
    assert rpc_status.from_call(failure.value) == sent


def test_an_early_end_reaches_the_client_while_it_still_sends(target, relay):
    def requests():
        yield Bytes(value=b"one")
        yield Bytes(value=b"stop")
        yield from iter_forever()

    call = relay.chat(requests(), metadata=target.metadata)
    assert next(call).value == b"one"
    assert code_of(lambda: next(call)) is grpc.StatusCode.OUT_OF_RANGE


def test_a_deadline_passes_on_every_hop(server, target, relay):
    assert code_of(lambda: relay.sleep(Number(), metadata=target.metadata, timeout=0.3)) is grpc.StatusCode.DEADLINE_EXCEEDED
    assert target.service.ended.wait(10)
    wait_until_idle(server)


def test_cancelling_passes_on_every_hop(server, target, relay):
    def requests():
        yield Bytes(value=b"one")
        yield from iter_forever()

    call = relay.chat(requests(), metadata=target.metadata)
    assert next(call).value == b"one"
    call.cancel()
    assert target.service.ended.wait(10)
    wait_until_idle(server)


def test_gzip_both_ways(server):
    target = Target(compression=grpc.Compression.Gzip)
    value = b"compress me " * 100_000
    with channel_to(server) as channel:
        relay = Echo(channel, "Relay")
        for metadata in (target.metadata, target.metadata + (("x-gzip", "1"),)):
            assert relay.unary(Bytes(value=value), metadata=metadata).value == value
            assert [r.value for r in relay.chat(iter([Bytes(value=value)] * 3), metadata=metadata)] == [value] * 3
    target.server.stop(None)


def test_a_server_that_is_away_is_unavailable(relay):
    target = Target()
    target.server.stop(None).wait()
    assert code_of(lambda: relay.unary(Bytes(), metadata=target.metadata)) is grpc.StatusCode.UNAVAILABLE


def test_a_restarted_server_is_found_again(target, relay):
    relay.unary(Bytes(value=b"1"), metadata=target.metadata)
    target.server.stop(None).wait()
    again = grpc.server(concurrent.futures.ThreadPoolExecutor(2), (target.service,))
    assert again.add_insecure_port(f"127.0.0.1:{target.port}") == target.port
    again.start()
    assert relay.unary(Bytes(value=b"2"), metadata=target.metadata).value == b"2"
    again.stop(None)
