"""Invocation between real apps over real runtimes: in one process's registry, and across two processes."""

import concurrent.futures
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import pytest
from dapr.proto import api_service_v1, api_v1, appcallback_service_v1, common_v1
from dapr.clients import DaprClient
from dapr.clients.exceptions import DaprHttpError
from dapr.conf import settings
from google.protobuf import any_pb2
from runtime import Mecha, component, configuration


def sdk(mecha):
    """The SDK's client; it looks for the runtime's health at its HTTP port first."""
    settings.DAPR_HTTP_PORT = mecha.http_port
    return DaprClient(f"127.0.0.1:{mecha.grpc_port}")


class Echo(BaseHTTPRequestHandler):
    """Answers every verb with what came in; /status/<n> with that status; /stream in two pieces."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        length = self.headers.get("content-length")
        if length is not None:
            body = self.rfile.read(int(length))
        elif self.headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = b""
        status = int(self.path.split("/")[2]) if self.path.startswith("/status/") else 200
        seen = {
            "verb": self.command, "path": self.path, "body": body.decode(),
            "headers": {name.lower(): value for name, value in self.headers.items()},
        }
        data = json.dumps(seen).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.send_header("x-from-app", "yes")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def echo_app():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


class Callback(appcallback_service_v1.AppCallbackServicer):
    def OnInvoke(self, invoked, context):
        if invoked.method == "fail":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")
        return common_v1.InvokeResponse(
            data=any_pb2.Any(value=b"echo:" + invoked.data.value), content_type=invoked.content_type or "text/plain")


@pytest.fixture(scope="module")
def grpc_app():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
    appcallback_service_v1.add_AppCallbackServicer_to_server(Callback(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(None)


@pytest.fixture(scope="module")
def mesh(tmp_path_factory, echo_app, grpc_app):
    """Two runtimes as two processes that share a data directory: "web" beside the HTTP app, "stock" beside the gRPC app."""
    home = tmp_path_factory.mktemp("mesh")
    env = {"MECHA_HOME": str(home / "shared"), "APP_API_TOKEN": "for-the-app"}
    web = Mecha(home / "web", "--app-port", str(echo_app), app_id="web", env=env, resources_flag=False)
    stock = Mecha(
        home / "stock", "--app-port", str(grpc_app), "--app-protocol", "grpc", app_id="stock", env=env, resources_flag=False)
    with web, stock:
        yield web, stock


@pytest.mark.parametrize("verb", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("caller", [0, 1], ids=["own app", "other runtime"])
def test_verb_path_query_body_and_headers_arrive(mesh, caller, verb):
    body = None if verb in ("GET", "DELETE") else "some text"
    answer = mesh[caller].request(
        verb, "/v1.0/invoke/web/method/a/b%20c?x=1&y=2", body=body, headers={"x-mine": "kept", "connection": "x-gone", "x-gone": "1"})
    assert answer.status == 200
    seen = answer.json
    seen = seen() if callable(seen) else seen
    assert (seen["verb"], seen["path"], seen["body"]) == (verb, "/a/b%20c?x=1&y=2", body or "")
    headers = seen["headers"]
    assert headers["x-mine"] == "kept" and "x-gone" not in headers
    assert headers["dapr-api-token"] == "for-the-app"
    assert headers["dapr-callee-app-id"] == "web"
    assert headers["dapr-caller-app-id"] == mesh[caller].app_id
    assert headers["traceparent"].startswith("00-")


@pytest.mark.parametrize("status", [201, 204, 400, 404, 500, 503])
def test_the_apps_own_status_passes(mesh, status):
    assert mesh[1].request("GET", f"/v1.0/invoke/web/method/status/{status}").status == status


def test_the_header_form_reaches_any_path(mesh):
    answer = mesh[1].request("POST", "/orders/7?q=1", body="b", headers={"dapr-app-id": "web"})
    seen = answer.json() if callable(answer.json) else answer.json
    assert answer.status == 200 and seen["path"] == "/orders/7?q=1"


def test_an_http_caller_reaches_a_grpc_app(mesh):
    answer = mesh[0].request("POST", "/v1.0/invoke/stock/method/reserve", body="four")
    assert answer.status == 200 and answer.body == b"echo:four"
    assert mesh[0].request("POST", "/v1.0/invoke/stock/method/fail", body="x").status == 404


def test_the_sdk_invokes_both_kinds_of_app(mesh):
    for caller in mesh:
        with sdk(caller) as client:
            answer = client.invoke_method("stock", "reserve", b"four", content_type="text/plain")
            assert answer.data == b"echo:four"
            answer = client.invoke_method("web", "m", b"{}", http_verb="PUT", content_type="application/json")
            assert json.loads(answer.data)["verb"] == "PUT"
            with pytest.raises(DaprHttpError, match="404"):
                client.invoke_method("stock", "fail", b"")


def test_invoke_service_over_grpc_reaches_both_kinds_of_app(mesh):
    for caller in mesh:
        with grpc.insecure_channel(f"127.0.0.1:{caller.grpc_port}") as channel:
            stub = api_service_v1.DaprStub(channel)

            def invoke(app, method, data, **extension):
                message = common_v1.InvokeRequest(
                    method=method, data=any_pb2.Any(value=data), http_extension=common_v1.HTTPExtension(**extension))
                return stub.InvokeService(api_v1.InvokeServiceRequest(id=app, message=message), timeout=10)

            assert invoke("stock", "reserve", b"four").data.value == b"echo:four"
            seen = json.loads(invoke("web", "m", b"{}", verb="PUT", querystring="a=1").data.value)
            assert (seen["verb"], seen["path"]) == ("PUT", "/m?a=1")
            for app, method in (("stock", "fail"), ("web", "status/404")):
                with pytest.raises(grpc.RpcError) as failure:
                    invoke(app, method, b"", verb="POST")
                assert failure.value.code() == grpc.StatusCode.NOT_FOUND


def test_grpc_services_of_an_app_are_proxied(mesh):
    for caller in mesh:
        with grpc.insecure_channel(f"127.0.0.1:{caller.grpc_port}") as channel:
            stub = appcallback_service_v1.AppCallbackStub(channel)
            answer = stub.OnInvoke(
                common_v1.InvokeRequest(method="x", data=any_pb2.Any(value=b"raw")), metadata=[("dapr-app-id", "stock")], timeout=10)
            assert answer.data.value == b"echo:raw"
            with pytest.raises(grpc.RpcError) as failure:
                stub.OnInvoke(common_v1.InvokeRequest(method="x"), timeout=10)
            assert failure.value.code() == grpc.StatusCode.UNKNOWN


def test_a_big_body_streams_within_its_limit_and_is_refused_beyond(mesh):
    assert mesh[1].request("POST", "/v1.0/invoke/web/method/big", body="x" * (3 << 20)).status == 200
    assert mesh[1].request("POST", "/v1.0/invoke/web/method/big", body="x" * (5 << 20)).status == 413


def test_an_unknown_app_is_a_direct_invoke_error(mesh):
    answer = mesh[0].request("GET", "/v1.0/invoke/nobody/method/x")
    assert answer.status == 500 and b"ERR_DIRECT_INVOKE" in answer.body


def test_denied_apis_are_not_served(tmp_path):
    denied = configuration(api={"denied": [{"name": "state", "version": "v1", "protocol": "http"}, {"name": "secrets", "version": "v1", "protocol": "grpc"}]})
    with Mecha(tmp_path, resources={"s.yaml": component("memory", "state.in-memory")}, config=denied) as mecha:
        assert mecha.request("GET", "/v1.0/state/memory/k").status == 404
        assert mecha.request("GET", "/v1.0/metadata").status == 200
        with sdk(mecha) as client:
            assert client.get_state("memory", "k").data == b""
            with pytest.raises(grpc.RpcError) as failure:
                client.get_secret("any", "x")
            assert failure.value.code() == grpc.StatusCode.UNIMPLEMENTED
