"""gRPC against a client that is not ours: grpcio, and frames by hand where grpcio would not misbehave.

The services are those of Sources/mecha-wire-probe/ProbeGRPC.swift.
"""

import threading
import time

import grpc
import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

from grpc_probe import Bytes, Echo, Number, RawHTTP2, channel_to, code_of, frame, iter_forever, wait_until_idle

@pytest.fixture
def channel(server):
    with channel_to(server) as channel:
        yield channel


@pytest.fixture
def echo(channel):
    return Echo(channel)


# Forms


@pytest.mark.parametrize("size", [0, 1, 5, 16384, 70_000, 1_000_000, 4_000_000])
def test_unary_messages_of_all_sizes_come_back(echo, size):
    value = bytes(i * 7 % 251 for i in range(min(size, 1000))) * (size // 1000 + 1)
    assert echo.unary(Bytes(value=value[:size])).value == value[:size]


def test_a_server_stream_arrives_in_order_and_whole(echo):
    assert [number.value for number in echo.count(Number(value=2_000))] == list(range(2_000))
    assert list(echo.count(Number(value=0))) == []


def test_a_client_stream_is_summed(echo):
    assert echo.sum(Number(value=n) for n in range(1_000)).value == sum(range(1_000))
    assert echo.sum(iter(())).value == 0


def test_a_bidirectional_stream_answers_each_request_before_the_next(echo):
    answered = threading.Event()

    def requests():
        for index in range(20):
            yield Bytes(value=str(index).encode())
            assert answered.wait(10)
            answered.clear()

    received = []
    for response in echo.chat(requests()):
        received.append(response.value)
        answered.set()
    assert received == [str(index).encode() for index in range(20)]


def test_headers_come_before_the_first_message_when_the_handler_sends_them(echo):
    proceed = threading.Event()

    def requests():
        assert proceed.wait(10)
        yield Bytes(value=b"late")

    call = echo.chat(requests())
    call.initial_metadata()  # returns once the headers are there
    proceed.set()
    assert [response.value for response in call] == [b"late"]


def test_many_calls_share_a_connection(echo):
    futures = [echo.unary.future(Bytes(value=str(index).encode())) for index in range(200)]
    assert [future.result().value for future in futures] == [str(index).encode() for index in range(200)]


# Metadata and status


def test_metadata_comes_back_as_headers_and_trailers(echo):
    sent = (("x-text", "a b"), ("x-raw-bin", b"\x00\xff\x01"), ("x-many", "1"), ("x-many", "2"), ("unseen", "1"))
    _, call = echo.unary.with_call(Bytes(), metadata=sent)
    expected = [("x-text", "a b"), ("x-raw-bin", b"\x00\xff\x01"), ("x-many", "1"), ("x-many", "2")]
    assert [(key, value) for key, value in call.initial_metadata() if key.startswith("x-")] == expected
    assert [(key, value) for key, value in call.trailing_metadata() if key.startswith("x-")] == expected


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_every_status_arrives(echo, code):
    number, text = code.value[0], f"why: {code.name} 100% äöü\n"
    with pytest.raises(grpc.RpcError) as failure:
        echo.fail(status_pb2.Status(code=number, message=text))
    assert failure.value.code() is code
    assert failure.value.details() == text


def test_rich_details_arrive(echo):
    sent = status_pb2.Status(code=9, message="etag")
    sent.details.add().Pack(error_details_pb2.ErrorInfo(reason="ETAG", domain="dapr.io", metadata={"key": "value"}))
    with pytest.raises(grpc.RpcError) as failure:
        echo.fail(sent)
    status = rpc_status.from_call(failure.value)
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (status.code, status.message, info.reason, info.metadata["key"]) == (9, "etag", "ETAG", "value")


def test_an_unknown_method_is_unimplemented(echo):
    assert code_of(lambda: echo.missing(Bytes())) is grpc.StatusCode.UNIMPLEMENTED


def test_a_message_that_is_no_protobuf_is_an_error(channel):
    raw = channel.unary_unary("/mecha.probe.Echo/Unary", request_serializer=bytes, response_deserializer=bytes)
    assert code_of(lambda: raw(b"\xff\xff\xff")) is grpc.StatusCode.INTERNAL


# Deadlines and cancellation


def test_a_deadline_ends_the_call_and_its_handler(server, echo):
    assert code_of(lambda: echo.sleep(Number(value=60_000), timeout=0.1)) is grpc.StatusCode.DEADLINE_EXCEEDED
    assert code_of(lambda: echo.chat(iter_forever(), timeout=0.1)) is grpc.StatusCode.DEADLINE_EXCEEDED
    wait_until_idle(server)


def test_the_server_answers_a_passed_deadline_itself(server):
    with RawHTTP2(server) as connection:
        stream = connection.request("/mecha.probe.Echo/Sleep", {"grpc-timeout": "50m"}, frame(Number(value=60_000)))
        assert connection.response(stream)["trailers"]["grpc-status"] == "4"


def test_a_call_within_its_deadline_succeeds(echo):
    echo.sleep(Number(value=1), timeout=30)


def test_cancelling_ends_the_handler(server, echo):
    future = echo.sleep.future(Number(value=60_000))
    stream = echo.chat(iter_forever())
    stream.initial_metadata()
    flood = echo.flood(Bytes(value=b"x" * 1000))
    next(flood)
    for call in (future, stream, flood):
        call.cancel()
    wait_until_idle(server)


def test_a_slow_reader_holds_the_server_back(server, echo):
    flood = echo.flood(Bytes(value=b"x" * 100_000))
    received = [len(next(flood).value) for _ in range(50)]
    assert received == [100_000] * 50
    flood.cancel()
    wait_until_idle(server)


def test_a_stream_may_stand_still_longer_than_the_idle_time(start_probe):
    with channel_to(start_probe("--idle-ms", 100)) as channel:

        def requests():
            yield Bytes(value=b"one")
            time.sleep(1)
            yield Bytes(value=b"two")

        assert [response.value for response in Echo(channel).chat(requests())] == [b"one", b"two"]


# Compression and limits


def test_gzip_both_ways(server):
    with channel_to(server, compression=grpc.Compression.Gzip) as channel:
        value = b"compress me " * 100_000
        assert Echo(channel).unary(Bytes(value=value)).value == value
        echoed = [r.value for r in Echo(channel).chat(iter([Bytes(value=value), Bytes(value=b""), Bytes(value=value)]))]
        assert echoed == [value, b"", value]


def test_an_unknown_encoding_is_unimplemented(server):
    with channel_to(server, compression=grpc.Compression.Deflate) as channel:
        assert code_of(lambda: Echo(channel).unary(Bytes(value=b"x" * 1000))) is grpc.StatusCode.UNIMPLEMENTED


def test_messages_beyond_the_limit_are_refused(start_probe):
    probe = start_probe("--body-bytes", 1000)
    with channel_to(probe) as channel:
        echo = Echo(channel)
        assert len(echo.unary(Bytes(value=b"x" * 900)).value) == 900
        assert code_of(lambda: echo.unary(Bytes(value=b"x" * 1100))) is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert code_of(lambda: echo.chat(iter([Bytes(value=b"x" * 1100)]))) is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert len(echo.unary(Bytes(value=b"x" * 900)).value) == 900


def test_a_gzip_bomb_is_refused(server):
    with channel_to(server, compression=grpc.Compression.Gzip) as channel:
        assert code_of(lambda: Echo(channel).unary(Bytes(value=bytes(50 << 20)))) is grpc.StatusCode.RESOURCE_EXHAUSTED


# Health and reflection


def test_health(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    assert stub.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING
    assert code_of(lambda: stub.Check(health_pb2.HealthCheckRequest(service="other"))) is grpc.StatusCode.NOT_FOUND
    watch = stub.Watch(health_pb2.HealthCheckRequest(service="other"))
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_describes_every_service(channel, version):
    """Asks as grpcurl does; v1 and v1alpha have the same messages."""
    ask = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString)

    def answer(**question):
        return next(ask(iter([reflection_pb2.ServerReflectionRequest(**question)])))

    services = [service.name for service in answer(list_services="").list_services_response.service]
    assert {"dapr.proto.runtime.v1.Dapr", "grpc.health.v1.Health", f"grpc.reflection.{version}.ServerReflection"} <= set(services)
    for service in [service for service in services if not service.startswith("mecha.probe.")]:
        files = answer(file_containing_symbol=service).file_descriptor_response.file_descriptor_proto
        parsed = [descriptor_pb2.FileDescriptorProto.FromString(file) for file in files]
        assert service in [f"{parsed[0].package}.{declared.name}" for declared in parsed[0].service]
        assert {name for file in parsed for name in file.dependency} <= {file.name for file in parsed}
    assert answer(file_containing_symbol="no.such.Thing").error_response.error_code == 5
    assert answer(file_by_filename="dapr/proto/common/v1/common.proto").HasField("file_descriptor_response")


def test_the_python_reflection_client_reads_it(channel):
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    method = pool.FindServiceByName("dapr.proto.runtime.v1.Dapr").FindMethodByName("GetState")
    assert [field.name for field in method.input_type.fields] == ["store_name", "key", "consistency", "metadata"]


# Frames by hand


@pytest.mark.parametrize("fields, status", [({"content-type": "application/grpc-web"}, "415"), ({":method": "PUT"}, "405")])
def test_what_is_no_grpc_gets_an_http_status(server, fields, status):
    with RawHTTP2(server) as connection:
        stream = connection.request("/mecha.probe.Echo/Unary", fields, frame(Bytes(value=b"x")))
        assert connection.response(stream)["headers"][":status"] == status


@pytest.mark.parametrize(
    "body, fields, code",
    [
        (b"", {}, "12"),  # no message
        (b"\0\0\0", {}, "13"),  # ends within a prefix
        (b"\0\0\0\0\x05ab", {}, "13"),  # ends within a message
        (b"\0\0\0\0\0" * 2, {}, "12"),  # two messages
        (b"\x07\0\0\0\0", {}, "13"),  # unknown flags
        (b"\1\0\0\0\1x", {}, "13"),  # compressed, by nothing that was named
        (b"\1\0\0\0\1x", {"grpc-encoding": "gzip"}, "13"),  # no gzip
        (b"\0\xff\xff\xff\xff", {}, "8"),  # announces 4 GiB
        (b"\0\0\0\0\0", {"grpc-timeout": "1x"}, "13"),
        (b"\0\0\0\0\0", {"grpc-encoding": "br"}, "12"),
    ])
@pytest.mark.parametrize("form", ["Unary", "Sum", "Chat"])
def test_bad_requests_get_a_status_and_leave_the_connection_alone(server, form, body, fields, code):
    if form != "Unary" and code == "12" and not fields:
        code = "0"  # a stream may have any number of messages
    with RawHTTP2(server) as connection:
        stream = connection.request(f"/mecha.probe.Echo/{form}", fields, body)
        assert connection.response(stream)["trailers"]["grpc-status"] == code
        stream = connection.request("/mecha.probe.Echo/Unary", {}, frame(Bytes(value=b"still fine")))
        assert connection.response(stream)["body"] == frame(Bytes(value=b"still fine"))


def test_a_compressed_request_is_answered_compressed_only_if_accepted(server):
    message = Bytes(value=b"a" * 1000)
    with RawHTTP2(server) as connection:
        for accept, flag in (("gzip", 1), ("identity", 0)):
            fields = {"grpc-encoding": "gzip", "grpc-accept-encoding": accept}
            response = connection.response(connection.request("/mecha.probe.Echo/Unary", fields, frame(message, compressed=True)))
            assert response["body"][0] == flag
            assert response["headers"].get("grpc-encoding") == ("gzip" if flag else None)


def test_draining_finishes_calls_under_way(start_probe):
    probe = start_probe("--drain-ms", 10_000)
    with channel_to(probe) as channel:
        echo = Echo(channel)
        under_way = echo.sleep.future(Number(value=300))
        stream = echo.count(Number(value=3))
        assert next(stream).value == 0
        probe.terminate()
        under_way.result(timeout=10)
        assert [number.value for number in stream] == [1, 2]
    assert probe.stop()["running"] == 0
