"""Tiny trace collectors: OTLP over HTTP and gRPC, and Zipkin. Spans are read from the wire without generated messages."""

import concurrent.futures
import json
import struct

import grpc
from apps import HTTPApp


def fields(data):
    """A protobuf message as ``{field number: [values]}``; numbers as int, everything else as bytes."""
    found, position = {}, 0
    while position < len(data):
        tag, position = _varint(data, position)
        kind = tag & 7
        if kind == 0:
            value, position = _varint(data, position)
        elif kind == 1:
            value, position = struct.unpack_from("<Q", data, position)[0], position + 8
        elif kind == 5:
            value, position = struct.unpack_from("<I", data, position)[0], position + 4
        else:
            length, position = _varint(data, position)
            value, position = data[position:position + length], position + length
        found.setdefault(tag >> 3, []).append(value)
    return found


def _varint(data, position):
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position


def _attributes(pairs):
    found = {}
    for pair in map(fields, pairs):
        [(kind, [value])] = fields(pair[2][0]).items()
        found[pair[1][0].decode()] = value.decode() if kind == 1 else value
    return found


def _otlp_spans(data):
    """Spans of an ExportTraceServiceRequest (opentelemetry-proto, trace/v1)."""
    for resource_spans in map(fields, fields(data).get(1, [])):
        resource = _attributes(fields(resource_spans[1][0]).get(1, []))
        for scope_spans in map(fields, resource_spans[2]):
            for span in map(fields, scope_spans[2]):
                yield {
                    "service": resource["service.name"], "trace": span[1][0].hex(), "id": span[2][0].hex(),
                    "parent": span.get(4, [b""])[0].hex(), "state": span.get(3, [b""])[0].decode(), "name": span[5][0].decode(),
                    "kind": {1: "INTERNAL", 2: "SERVER", 3: "CLIENT"}[span[6][0]], "start": span[7][0], "end": span[8][0],
                    "attributes": {name: str(value) for name, value in _attributes(span.get(9, [])).items()},
                    "failed": fields(span.get(15, [b""])[0]).get(3) == [2],
                }


class Collector:
    def __init__(self):
        self.spans = []
        self.bytes = b""
        self.headers = []

    def named(self, name):
        return [span for span in self.spans if span["name"] == name]

    def __enter__(self):
        return self


class OTLPOverHTTP(Collector):
    def __init__(self):
        super().__init__()

        def take(handler):
            assert handler.headers["content-type"] == "application/x-protobuf" and handler.path == "/v1/traces"
            self.bytes += handler.body
            self.headers.append(dict(handler.headers))
            self.spans += _otlp_spans(handler.body)
            return 200, b"", {"content-type": "application/x-protobuf"}

        self.app = HTTPApp(v1=take)
        self.tracing = {"otel": {
            "protocol": "http", "endpointAddress": f"127.0.0.1:{self.app.port}", "isSecure": False, "headers": "x-tenant=shop"}}

    def __exit__(self, *_):
        self.app.__exit__()


class OTLPOverGRPC(Collector):
    def __init__(self):
        super().__init__()

        def take(data, context):
            self.bytes += data
            self.headers.append(dict(context.invocation_metadata()))
            self.spans += _otlp_spans(data)
            return b""

        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
        handler = grpc.unary_unary_rpc_method_handler(take)
        self.server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(
            "opentelemetry.proto.collector.trace.v1.TraceService", {"Export": handler})])
        port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        self.tracing = {"otel": {
            "protocol": "grpc", "endpointAddress": f"127.0.0.1:{port}", "isSecure": False, "headers": "x-tenant=shop"}}

    def __exit__(self, *_):
        self.server.stop(None)


class Zipkin(Collector):
    def __init__(self):
        super().__init__()

        def take(handler):
            assert handler.headers["content-type"] == "application/json" and handler.path == "/api/v2/spans"
            self.bytes += handler.body
            for span in json.loads(handler.body):
                self.spans.append({
                    "service": span["localEndpoint"]["serviceName"], "trace": span["traceId"], "id": span["id"],
                    "parent": span.get("parentId", ""), "name": span["name"], "kind": span.get("kind", "INTERNAL"),
                    "start": span["timestamp"], "end": span["timestamp"] + span["duration"], "attributes": span["tags"],
                    "failed": "error" in span["tags"]})
            return 202, b""

        self.app = HTTPApp(api=take)
        self.tracing = {"zipkin": {"endpointAddress": f"http://127.0.0.1:{self.app.port}/api/v2/spans"}}

    def __exit__(self, *_):
        self.app.__exit__()
