"""A trace collector for tests: Zipkin and OTLP over HTTP, or OTLP over gRPC.

Usage: collector.py http|grpc <folder> [status ...]
Prints the port it listens on. Each request's body goes to <folder>/<n>, with its path and headers in
<folder>/<n>.head. The given status codes answer the first requests; all later ones succeed.
"""

import itertools
import os
import pathlib
import sys

kind, folder, *statuses = sys.argv[1:]
folder = pathlib.Path(folder)
numbers = itertools.count()
statuses = iter([int(status) for status in statuses])


def keep(body, head):
    number = next(numbers)
    (folder / f"{number}.head").write_text("\n".join(head) + "\n")
    # The body appears last and at once, so that a test that sees it sees everything.
    part = folder / f"{number}.part"
    part.write_bytes(body)
    os.rename(part, folder / str(number))


def serve_http():
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            keep(body, [self.path] + [f"{name.lower()}: {value}" for name, value in self.headers.items()])
            self.send_response(next(statuses, 202))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def serve_grpc():
    from concurrent import futures

    import grpc

    codes = {code.value[0]: code for code in grpc.StatusCode}

    def export(body, context):
        keep(body, [f"{name}: {value}" for name, value in context.invocation_metadata()])
        status = next(statuses, 0)
        if status:
            context.abort(codes[status], "not now")
        return b""

    service = "opentelemetry.proto.collector.trace.v1.TraceService"
    server = grpc.server(futures.ThreadPoolExecutor(2))
    # No deserializer: the bytes are decoded by the test.
    handlers = {"Export": grpc.unary_unary_rpc_method_handler(export)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


serve_grpc() if kind == "grpc" else serve_http()
