"""Calls as apps of every kind see them: streams, gRPC services, endpoints outside, concurrency, health (sections 1.3,
1.13 and 2.3 of the Dapr surface). What passes between HTTP and gRPC in a plain call is in test_invocation.py."""

import concurrent.futures
import contextlib
import json
import socket
import ssl
import subprocess
import threading
import urllib.parse

import grpc
import h2.config
import h2.connection
import h2.events
import pytest
from apps import HTTPApp, read_chunks
from dapr.proto import appcallback_service_v1, common_v1
from google.protobuf import any_pb2
from runtime import Mecha, component, wait_until

RESOURCES = {"memory.yaml": component("memory", "state.in-memory")}
MEGABYTE = 1 << 20


@contextlib.contextmanager
def beside(folder, *flags, **more):
    """A runtime that is ready, its app included."""
    with Mecha(folder, *map(str, flags), resources=more.pop("resources", RESOURCES), **more) as mecha:
        mecha.wait_ready("/v1.0/healthz")
        yield mecha


@contextlib.contextmanager
def pair(folder, *flags, caller_flags=(), **more):
    """The runtime beside the app "callee", and that of a caller without an app."""
    home = {"MECHA_HOME": str(folder / "shared")}
    with beside(folder / "callee", *flags, app_id="callee", env=home, **more) as callee:
        with Mecha(folder / "caller", *caller_flags, app_id="caller", env=home, resources=RESOURCES) as caller:
            yield callee, caller


class TestStreams:
    @pytest.fixture(scope="class")
    def app(self):
        def events(handler):
            handler.send_response(200)
            handler.send_header("content-type", "text/event-stream")
            handler.send_header("transfer-encoding", "chunked")
            handler.end_headers()
            for number in range(3):
                app.go.acquire()
                event = f"data: {number}\n\n".encode()
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                handler.wfile.flush()
            handler.wfile.write(b"0\r\n\r\n")

        def swallow(handler):
            length = handler.headers.get("content-length")
            if length is None:
                return 200, str(sum(map(len, read_chunks(handler.rfile)))).encode()
            left = int(length)
            while left > 0:
                left -= len(handler.rfile.read(min(left, 1 << 16)))
            return 200, length.encode()

        swallow.reads_itself = True

        def flood(handler):
            handler.send_response(200)
            handler.send_header("content-length", str(50 * MEGABYTE))
            handler.end_headers()
            for _ in range(50):
                handler.wfile.write(bytes(MEGABYTE))
            handler.wfile.flush()

        with HTTPApp(events=events, swallow=swallow, flood=flood) as app:
            app.go = threading.Semaphore(0)
            yield app

    @pytest.fixture(scope="class")
    def runtimes(self, tmp_path_factory, app):
        size = ["--max-body-size", "64Mi"]
        with pair(tmp_path_factory.mktemp("streams"), "--app-port", app.port, *size, caller_flags=size) as runtimes:
            yield runtimes

    @pytest.fixture(params=["own app", "other runtime"])
    def mecha(self, request, runtimes):
        return runtimes[request.param != "own app"]

    def test_each_event_comes_at_once(self, mecha, app):
        connection = mecha.connection()
        connection.request("GET", "/v1.0/invoke/callee/method/events", headers={"accept": "text/event-stream"})
        for number in range(3):
            app.go.release()
            if number == 0:
                answer = connection.getresponse()
                assert answer.headers["content-type"] == "text/event-stream"
            # The next event is not written before this one was read.
            assert answer.readline() + answer.readline() == f"data: {number}\n\n".encode()
        assert answer.read() == b""

    @pytest.mark.parametrize("kind", ["chunked", "with a length"])
    def test_a_long_request_body_streams(self, mecha, runtimes, kind):
        before = [runtime.resident_bytes for runtime in runtimes]
        piece = bytes(MEGABYTE)
        body = (piece for _ in range(50))
        headers = {} if kind == "chunked" else {"content-length": str(50 * MEGABYTE)}
        answer = mecha.request("POST", "/v1.0/invoke/callee/method/swallow", body=body, headers=headers, timeout=60)
        assert (answer.status, answer.text) == (200, str(50 * MEGABYTE))
        for runtime, bytes_before in zip(runtimes, before):
            assert runtime.resident_bytes - bytes_before < 20 * MEGABYTE

    def test_a_long_response_body_streams_at_the_reader_s_pace(self, mecha, runtimes):
        before = [runtime.resident_bytes for runtime in runtimes]
        connection = mecha.connection()
        connection.request("GET", "/v1.0/invoke/callee/method/flood")
        answer = connection.getresponse()
        assert answer.headers["content-length"] == str(50 * MEGABYTE)
        # Nobody reads while the app goes on writing as long as it can.
        first = answer.read(MEGABYTE)
        assert all(runtime.resident_bytes - b < 20 * MEGABYTE for runtime, b in zip(runtimes, before))
        assert len(first) + sum(len(piece) for piece in iter(lambda: answer.read(MEGABYTE), b"")) == 50 * MEGABYTE
        assert all(runtime.resident_bytes - b < 20 * MEGABYTE for runtime, b in zip(runtimes, before))

    def test_a_reader_that_goes_away_ends_the_call(self, mecha, runtimes):
        connection = mecha.connection()
        connection.request("GET", "/v1.0/invoke/callee/method/flood")
        connection.getresponse().read(1000)
        connection.close()
        assert mecha.request("GET", "/v1.0/invoke/callee/method/fine").body == b"ok"


# gRPC services of an app


class Service:
    """``test.Echo`` in all four call forms, on bytes."""

    def __init__(self, credentials=None):
        self.cancelled = threading.Event()
        self.seen = []

        def note(context):
            self.seen.append(dict(context.invocation_metadata()))
            context.send_initial_metadata([("initial", "i"), ("initial-bin", b"\0\xff")])
            context.set_trailing_metadata([("trailing", "t"), ("trailing-bin", b"\1\xfe")])

        def unary(data, context):
            note(context)
            if data.startswith(b"fail:"):
                context.abort(grpc.StatusCode[data[5:].decode()], "the app's own words: naïve ☃")
            return data.upper()

        def collect(requests, context):
            note(context)
            return b"+".join(requests)

        def expand(data, context):
            note(context)
            for number in range(int(data)):
                yield b"%d" % number

        def converse(requests, context):
            note(context)
            for data in requests:
                yield data.upper()

        def hang(data, context):
            context.add_callback(self.cancelled.set)
            self.seen.append("hang")
            yield b"begun"
            self.cancelled.wait(20)

        forms = {
            "Unary": grpc.unary_unary_rpc_method_handler(unary), "Collect": grpc.stream_unary_rpc_method_handler(collect),
            "Expand": grpc.unary_stream_rpc_method_handler(expand), "Converse": grpc.stream_stream_rpc_method_handler(converse),
            "Hang": grpc.unary_stream_rpc_method_handler(hang)}
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(16), options=[("grpc.max_receive_message_length", 64 << 20)])
        self.server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Echo", forms)])
        appcallback_service_v1.add_AppCallbackServicer_to_server(Callback(), self.server)
        self.port = (
            self.server.add_secure_port("127.0.0.1:0", credentials) if credentials else self.server.add_insecure_port("127.0.0.1:0"))
        self.server.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop(None)


class Callback(appcallback_service_v1.AppCallbackServicer):
    def OnInvoke(self, invoked, context):
        if invoked.method.startswith("fail/"):
            context.abort(grpc.StatusCode[invoked.method[5:]], "the app's own words")
        return common_v1.InvokeResponse(data=any_pb2.Any(value=invoked.data.value), content_type="text/plain")

    def ListTopicSubscriptions(self, *_):
        from dapr.proto import appcallback_v1
        return appcallback_v1.ListTopicSubscriptionsResponse()

    def ListInputBindings(self, *_):
        from dapr.proto import appcallback_v1
        return appcallback_v1.ListInputBindingsResponse()


class TestServices:
    @pytest.fixture(scope="class")
    def service(self):
        with Service() as service:
            yield service

    @pytest.fixture(scope="class")
    def runtimes(self, tmp_path_factory, service):
        with pair(tmp_path_factory.mktemp("services"), "--app-port", service.port, "--app-protocol", "grpc") as runtimes:
            yield runtimes

    @pytest.fixture(params=["own app", "other runtime"])
    def mecha(self, request, runtimes):
        return runtimes[request.param != "own app"]

    METADATA = [("dapr-app-id", "callee"), ("mine", "kept"), ("mine-bin", b"\0\1\xff")]

    @staticmethod
    def method(mecha, name, form):
        return getattr(mecha.channel, form)(f"/test.Echo/{name}")

    def test_unary(self, mecha, service):
        service.seen.clear()
        answer, call = self.method(mecha, "Unary", "unary_unary").with_call(b"abc", metadata=self.METADATA, timeout=20)
        assert answer == b"ABC"
        [seen] = service.seen
        assert (seen["mine"], seen["mine-bin"]) == ("kept", b"\0\1\xff")
        assert (seen["dapr-callee-app-id"], seen["dapr-caller-app-id"]) == ("callee", mecha.app_id)
        initial, trailing = dict(call.initial_metadata()), dict(call.trailing_metadata())
        assert (initial["initial"], initial["initial-bin"]) == ("i", b"\0\xff")
        assert (trailing["trailing"], trailing["trailing-bin"]) == ("t", b"\1\xfe")

    def test_client_streaming(self, mecha):
        call = self.method(mecha, "Collect", "stream_unary")
        assert call((b"%d" % n for n in range(5)), metadata=self.METADATA, timeout=20) == b"0+1+2+3+4"
        assert call(iter([]), metadata=self.METADATA, timeout=20) == b""

    def test_server_streaming(self, mecha):
        call = self.method(mecha, "Expand", "unary_stream")(b"2000", metadata=self.METADATA, timeout=60)
        assert list(call) == [b"%d" % n for n in range(2000)]
        assert dict(call.trailing_metadata())["trailing"] == "t"

    def test_both_ways_by_turns(self, mecha):
        turns = [threading.Semaphore(0) for _ in range(4)]

        def requests():
            for number, turn in enumerate(turns):
                assert turn.acquire(timeout=20)
                yield b"turn %d" % number

        turns[0].release()
        answers = self.method(mecha, "Converse", "stream_stream")(requests(), metadata=self.METADATA, timeout=60)
        for number, answer in enumerate(answers):
            assert answer == b"TURN %d" % number
            if number + 1 < len(turns):
                turns[number + 1].release()
        assert number == 3

    @pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code != grpc.StatusCode.OK], ids=lambda code: code.name)
    def test_the_app_s_status_comes_back(self, mecha, code):
        with pytest.raises(grpc.RpcError) as failure:
            self.method(mecha, "Unary", "unary_unary")(b"fail:" + code.name.encode(), metadata=self.METADATA, timeout=20)
        assert (failure.value.code(), failure.value.details()) == (code, "the app's own words: naïve ☃")
        assert dict(failure.value.trailing_metadata())["trailing-bin"] == b"\1\xfe"

    def test_an_unknown_method_is_the_app_s_answer(self, mecha):
        with pytest.raises(grpc.RpcError) as failure:
            self.method(mecha, "Nothing", "unary_unary")(b"", metadata=self.METADATA, timeout=20)
        assert failure.value.code() == grpc.StatusCode.UNIMPLEMENTED

    @pytest.mark.parametrize("end", ["cancelled", "deadline"])
    def test_the_end_of_the_caller_reaches_the_app(self, mecha, service, end):
        service.cancelled.clear()
        call = self.method(mecha, "Hang", "unary_stream")(
            b"", metadata=self.METADATA, timeout=1.5 if end == "deadline" else 60)
        assert next(call) == b"begun"
        if end == "cancelled":
            call.cancel()
        assert service.cancelled.wait(20)
        assert call.code() == (grpc.StatusCode.CANCELLED if end == "cancelled" else grpc.StatusCode.DEADLINE_EXCEEDED)

    def test_an_unknown_app(self, mecha):
        with pytest.raises(grpc.RpcError) as failure:
            self.method(mecha, "Unary", "unary_unary")(b"", metadata=[("dapr-app-id", "nobody")], timeout=30)
        assert failure.value.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN)
        assert "nobody" in failure.value.details()

    HTTP_STATUS = {
        "CANCELLED": 408, "UNKNOWN": 500, "INVALID_ARGUMENT": 400, "DEADLINE_EXCEEDED": 504, "NOT_FOUND": 404, "ALREADY_EXISTS": 409,
        "PERMISSION_DENIED": 403, "RESOURCE_EXHAUSTED": 429, "FAILED_PRECONDITION": 400, "ABORTED": 409, "OUT_OF_RANGE": 400,
        "UNIMPLEMENTED": 501, "INTERNAL": 500, "UNAVAILABLE": 503, "DATA_LOSS": 500, "UNAUTHENTICATED": 401}

    @pytest.mark.parametrize(["code", "status"], HTTP_STATUS.items())
    def test_a_status_of_grpc_as_one_of_http(self, mecha, code, status):
        answer = mecha.request("POST", f"/v1.0/invoke/callee/method/fail/{code}", body="x")
        assert answer.status == status
        assert answer.headers["content-type"] == "application/json"
        assert answer.json == {"code": grpc.StatusCode[code].value[0], "message": "the app's own words"}


class TestOutside:
    """HTTPEndpoints and URLs."""

    @pytest.fixture(scope="class")
    def app(self):
        with HTTPApp(base=lambda h: (201, f"{h.command} {h.path} ".encode() + h.body)) as app:
            yield app

    @pytest.fixture(scope="class")
    def mecha(self, tmp_path_factory, app):
        headers = [{"name": "x-fixed", "value": "fixed"}, {"name": "x-secret", "secretKeyRef": {"name": "HEADER", "key": "HEADER"}}]
        endpoint = {
            "apiVersion": "dapr.io/v1alpha1", "kind": "HTTPEndpoint", "metadata": {"name": "outside"},
            "spec": {"baseUrl": f"http://127.0.0.1:{app.port}/base", "headers": headers}, "auth": {"secretStore": "env"}}
        resources = {"endpoint.yaml": json.dumps(endpoint), "env.yaml": component("env", "secretstores.local.env")}
        with Mecha(
            tmp_path_factory.mktemp("outside"), resources=resources, env={"HEADER": "from-env", "APP_API_TOKEN": "app-token"}) as mecha:
            yield mecha

    def test_an_endpoint(self, mecha, app):
        app.seen.clear()
        answer = mecha.request("PUT", "/v1.0/invoke/outside/method/a/b?c=d", body="text", headers={"dapr-api-token": "x", "mine": "1"})
        assert (answer.status, answer.text) == (201, "PUT /base/a/b?c=d text")
        [(_, _, seen)] = app.seen
        assert (seen["x-fixed"], seen["x-secret"], seen["mine"]) == ("fixed", "from-env", "1")
        assert seen["host"] == f"127.0.0.1:{app.port}"
        # Outside of the mesh nobody is told of it.
        assert not [name for name in seen if name.startswith("dapr-")]

    @pytest.mark.parametrize("form", ["plain", "encoded"])
    def test_a_url(self, mecha, app, form):
        url = f"http://127.0.0.1:{app.port}/base"
        target = url if form == "plain" else urllib.parse.quote(url, safe="")
        answer = mecha.request("POST", f"/v1.0/invoke/{target}/method/x", body="text")
        assert (answer.status, answer.text) == (201, "POST /base/x text")

    def test_the_header_form(self, mecha, app):
        for target in ["outside", f"http://127.0.0.1:{app.port}/base"]:
            answer = mecha.request("POST", "/x?y=1", body="text", headers={"dapr-app-id": target})
            assert (answer.status, answer.text) == (201, "POST /base/x?y=1 text"), target

    def test_one_that_is_away(self, mecha):
        answer = mecha.request("GET", "/v1.0/invoke/http://127.0.0.1:1/method/x")
        assert (answer.status, answer.error) == (500, "ERR_DIRECT_INVOKE")


class TestConcurrency:
    def test_an_app_gets_no_more_calls_at_once_than_it_wants(self, tmp_path):
        lock, turn = threading.Lock(), threading.Semaphore(0)
        running, most = 0, 0

        def work(_):
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            turn.acquire(timeout=20)
            with lock:
                running -= 1
            return 200, b"done"

        with HTTPApp(work=work) as app, pair(tmp_path, "--app-port", app.port, "--app-max-concurrency", 3) as runtimes:
            with concurrent.futures.ThreadPoolExecutor(24) as pool:
                calls = [
                    pool.submit(runtimes[number % 2].request, "GET", "/v1.0/invoke/callee/method/work") for number in range(24)]
                wait_until(lambda: running == 3, "three calls to run")
                for _ in calls:
                    turn.release()
                assert [(call.result().status, call.result().body) for call in calls] == [(200, b"done")] * 24
            assert most == 3


class TestHealth:
    FLAGS = ["--enable-app-health-check", "--app-health-probe-interval", "1", "--app-health-threshold", "2"]

    def follow(self, mecha, become):
        """Calls go through while the app is well, and are refused while it is not; twice."""
        call = lambda: mecha.request("GET", "/v1.0/invoke/app/method/x")
        for _ in range(2):
            wait_until(lambda: call().status == 200, "calls to go through")
            wait_until(lambda: mecha.request("GET", "/v1.0/healthz").status == 204, "the runtime to be ready")
            become(False)
            refused = wait_until(lambda: (answer := call()).status == 500 and answer, "calls to be refused")
            assert refused.error == "ERR_DIRECT_INVOKE" and "not healthy" in refused.json["message"]
            assert mecha.request("GET", "/v1.0/healthz").status == 500
            assert mecha.request("GET", "/v1.0/healthz/outbound").status == 204
            become(True)

    def test_of_an_http_app(self, tmp_path):
        state = {"status": 200}
        with HTTPApp(alive=lambda _: (state["status"], b"")) as app:
            flags = ["--app-port", str(app.port), *self.FLAGS, "--app-health-check-path", "/alive"]
            with Mecha(tmp_path, *flags, resources=RESOURCES) as mecha:
                self.follow(mecha, lambda healthy: state.update(status=200 if healthy else 503))
                probes = [path for _, path, _ in app.seen if path == "/alive"]
                assert len(probes) >= 4

    def test_of_a_grpc_app(self, tmp_path):
        state = {"healthy": True}

        class Health(appcallback_service_v1.AppCallbackHealthCheckServicer):
            def HealthCheck(self, request, context):
                if not state["healthy"]:
                    context.abort(grpc.StatusCode.UNAVAILABLE, "unwell")
                from dapr.proto import appcallback_v1
                return appcallback_v1.HealthCheckResponse()

        with Service() as service:
            appcallback_service_v1.add_AppCallbackHealthCheckServicer_to_server(Health(), service.server)
            flags = ["--app-port", str(service.port), "--app-protocol", "grpc", *self.FLAGS]
            with Mecha(tmp_path, *flags, resources=RESOURCES) as mecha:
                self.follow(mecha, lambda healthy: state.update(healthy=healthy))


# Other protocols


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate and its key, as paths."""
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
    return paths


class H2CApp:
    """An app that speaks HTTP/2 in the clear, by prior knowledge; answers with verb, path and body."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self.listener.accept()[0],), daemon=True).start()

    def _serve(self, connection):
        protocol = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        protocol.initiate_connection()
        connection.sendall(protocol.data_to_send())
        heads, bodies = {}, {}
        while data := connection.recv(65536):
            for event in protocol.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    heads[event.stream_id], bodies[event.stream_id] = dict(event.headers), b""
                elif isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] += event.data
                    protocol.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    head = {self._text(k): self._text(v) for k, v in heads[event.stream_id].items()}
                    body = f"{head[':method']} {head[':path']} ".encode() + bodies[event.stream_id]
                    protocol.send_headers(event.stream_id, [(":status", "203"), ("x-app", "h2c")])
                    protocol.send_data(event.stream_id, body, end_stream=True)
            connection.sendall(protocol.data_to_send())

    @staticmethod
    def _text(value):
        return value.decode() if isinstance(value, bytes) else value


class TestProtocols:
    def test_h2c(self, tmp_path):
        with H2CApp() as app, pair(tmp_path, "--app-port", app.port, "--app-protocol", "h2c") as runtimes:
            for mecha in runtimes:
                answer = mecha.request("POST", "/v1.0/invoke/callee/method/a?b=c", body="text")
                assert (answer.status, answer.text, answer.headers["x-app"]) == (203, "POST /a?b=c text", "h2c")

    def test_https(self, tmp_path, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        with HTTPApp(x=lambda h: (200, b"safe " + h.body)) as app:
            app.server.socket = context.wrap_socket(app.server.socket, server_side=True)
            with pair(tmp_path, "--app-port", app.port, "--app-protocol", "https") as runtimes:
                for mecha in runtimes:
                    assert mecha.request("POST", "/v1.0/invoke/callee/method/x", body="text").text == "safe text"

    def test_grpcs(self, tmp_path, certificate):
        credentials = grpc.ssl_server_credentials([(certificate[1].read_bytes(), certificate[0].read_bytes())])
        with Service(credentials) as service:
            with pair(tmp_path, "--app-port", service.port, "--app-protocol", "grpcs") as runtimes:
                for mecha in runtimes:
                    assert mecha.request("POST", "/v1.0/invoke/callee/method/x", body="text").text == "text"
                    call = mecha.channel.unary_unary("/test.Echo/Unary")
                    assert call(b"abc", metadata=[("dapr-app-id", "callee")], timeout=20) == b"ABC"
