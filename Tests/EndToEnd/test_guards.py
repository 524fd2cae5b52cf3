"""Who may use the API, and how the app knows that it is its runtime that calls: tokens both ways, allow and deny lists
(sections 1.0, 2.1 and 2.3 of the Dapr surface). More of the first is in test_metadata.py."""

import concurrent.futures
import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import pytest
from dapr.clients import DaprClient
from dapr.conf import settings
from dapr.proto import api_service_v1, api_v1, appcallback_service_v1, appcallback_v1, common_v1
from google.protobuf import any_pb2
from runtime import Mecha, component, configuration, request, wait_until

STORES = {"memory.yaml": component("memory", "state.in-memory"), "env.yaml": component("env", "secretstores.local.env")}
EVENTS = STORES | {
    "bus.yaml": component("bus", "pubsub.in-memory"), "tick.yaml": component("tick", "bindings.cron", {"schedule": "@every 1s"})}
HEALTH = ["--enable-app-health-check", "--app-health-probe-interval", "1"]


class Recorder:
    """Notes by which token each kind of call came."""

    def __init__(self):
        self.lock = threading.Lock()
        self.tokens = {}

    def note(self, kind, token):
        with self.lock:
            self.tokens.setdefault(kind, set()).add(token)

    def seen(self, *kinds):
        with self.lock:
            return all(kind in self.tokens for kind in kinds)


@contextlib.contextmanager
def http_app():
    recorder = Recorder()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            self.rfile.read(int(self.headers.get("content-length", 0)))
            kind = f"{self.command} {self.path}"
            recorder.note(kind, self.headers.get("dapr-api-token"))
            document = [{"pubsubname": "bus", "topic": "orders", "route": "/orders"}] if self.path == "/dapr/subscribe" else {}
            data = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_OPTIONS = answer

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield recorder, server.server_port
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def grpc_app():
    recorder = Recorder()

    def note(kind, context):
        recorder.note(kind, dict(context.invocation_metadata()).get("dapr-api-token"))

    class Callback(appcallback_service_v1.AppCallbackServicer, appcallback_service_v1.AppCallbackHealthCheckServicer):
        def OnInvoke(self, invoked, context):
            note("OnInvoke", context)
            return common_v1.InvokeResponse(data=any_pb2.Any(value=b"fine"))

        def ListTopicSubscriptions(self, _, context):
            note("ListTopicSubscriptions", context)
            return appcallback_v1.ListTopicSubscriptionsResponse(
                subscriptions=[appcallback_v1.TopicSubscription(pubsub_name="bus", topic="orders")])

        def OnTopicEvent(self, event, context):
            note("OnTopicEvent", context)
            return appcallback_v1.TopicEventResponse()

        def ListInputBindings(self, _, context):
            note("ListInputBindings", context)
            return appcallback_v1.ListInputBindingsResponse(bindings=["tick"])

        def OnBindingEvent(self, event, context):
            note("OnBindingEvent", context)
            return appcallback_v1.BindingEventResponse()

        def HealthCheck(self, _, context):
            note("HealthCheck", context)
            return appcallback_v1.HealthCheckResponse()

    def unary(data, context):
        note("/test.Any/Unary", context)
        return data

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
    callback = Callback()
    appcallback_service_v1.add_AppCallbackServicer_to_server(callback, server)
    appcallback_service_v1.add_AppCallbackHealthCheckServicer_to_server(callback, server)
    server.add_generic_rpc_handlers([
        grpc.method_handlers_generic_handler("test.Any", {"Unary": grpc.unary_unary_rpc_method_handler(unary)})])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield recorder, port
    server.stop(None)


class TestTokenToTheApp:
    """``APP_API_TOKEN``: every call of the runtime shows it, and the caller's own token is not passed on."""

    ENVIRONMENT = {"APP_API_TOKEN": "to-the-app", "DAPR_API_TOKEN": "to-the-runtime"}
    GUARD = {"dapr-api-token": "to-the-runtime"}

    def test_over_http(self, tmp_path):
        with http_app() as (app, port), Mecha(
            tmp_path, "--app-port", str(port), *HEALTH, resources=EVENTS, env=self.ENVIRONMENT) as mecha:
            mecha.wait_ready("/v1.0/healthz")
            assert mecha.request("POST", "/v1.0/invoke/app/method/invoked", headers=self.GUARD).status == 200
            assert mecha.request("POST", "/other", headers=self.GUARD | {"dapr-app-id": "app"}).status == 200
            message = api_v1.InvokeServiceRequest(id="app", message=common_v1.InvokeRequest(
                method="by-grpc", http_extension=common_v1.HTTPExtension(verb=common_v1.HTTPExtension.PUT)))
            mecha.stub.InvokeService(message, metadata=list(self.GUARD.items()), timeout=20)
            assert mecha.request("POST", "/v1.0/publish/bus/orders", body="{}", headers=self.GUARD).status == 204
            kinds = [
                "GET /dapr/subscribe", "OPTIONS /tick", "GET /healthz", "POST /invoked", "POST /other", "PUT /by-grpc", "POST /orders",
                "POST /tick"]
            wait_until(lambda: app.seen(*kinds), f"all of {kinds}, not {app.tokens}")
            assert {kind: app.tokens[kind] for kind in kinds} == {kind: {"to-the-app"} for kind in kinds}

    def test_over_grpc(self, tmp_path):
        with grpc_app() as (app, port), Mecha(
            tmp_path, "--app-port", str(port), "--app-protocol", "grpc", *HEALTH, resources=EVENTS, env=self.ENVIRONMENT) as mecha:
            mecha.wait_ready("/v1.0/healthz")
            assert mecha.request("POST", "/v1.0/invoke/app/method/invoked", headers=self.GUARD).status == 200
            assert mecha.request("POST", "/v1.0/publish/bus/orders", body="{}", headers=self.GUARD).status == 204
            proxied = mecha.channel.unary_unary("/test.Any/Unary")
            assert proxied(b"x", metadata=[("dapr-app-id", "app"), *self.GUARD.items()], timeout=20) == b"x"
            kinds = [
                "ListTopicSubscriptions", "ListInputBindings", "HealthCheck", "OnInvoke", "OnTopicEvent", "OnBindingEvent",
                "/test.Any/Unary"]
            wait_until(lambda: app.seen(*kinds), f"all of {kinds}, not {app.tokens}")
            assert {kind: app.tokens[kind] for kind in kinds} == {kind: {"to-the-app"} for kind in kinds}

    def test_without_one_nothing_is_shown(self, tmp_path):
        with http_app() as (app, port), Mecha(
            tmp_path, "--app-port", str(port), resources=STORES, env={"DAPR_API_TOKEN": "to-the-runtime"}) as mecha:
            mecha.wait_ready("/v1.0/healthz")
            assert mecha.request("POST", "/v1.0/invoke/app/method/invoked", headers=self.GUARD).status == 200
            assert app.tokens["POST /invoked"] == {None}


class TestTokenOfTheRuntime:
    """``DAPR_API_TOKEN``, as callers meet it."""

    @pytest.fixture(scope="class")
    def mecha(self, tmp_path_factory):
        with grpc_app() as (app, port), Mecha(
            tmp_path_factory.mktemp("guarded"), "--app-port", str(port), "--app-protocol", "grpc", resources=STORES,
            env={"DAPR_API_TOKEN": "secret"}) as mecha:
            mecha.app = app
            yield mecha

    @pytest.mark.parametrize(["token", "isRight"], [("secret", True), ("wrong", False), ("", False)])
    def test_the_sdk_shows_it(self, mecha, monkeypatch, token, isRight):
        monkeypatch.setattr(settings, "DAPR_API_TOKEN", token)
        monkeypatch.setattr(settings, "DAPR_HTTP_PORT", mecha.http_port)
        # The client looks for the runtime's health first, which is open.
        with DaprClient(f"127.0.0.1:{mecha.grpc_port}") as client:
            if isRight:
                client.save_state("memory", "k", "v")
                assert client.get_state("memory", "k").text() == "v"
            else:
                with pytest.raises(grpc.RpcError) as failure:
                    client.get_state("memory", "k")
                assert failure.value.code() == grpc.StatusCode.UNAUTHENTICATED

    @pytest.mark.parametrize("token", ["wrong", None, "", "secret2", "secre", "SECRET"])
    def test_proxied_calls_and_streams_need_it(self, mecha, token):
        metadata = [("dapr-app-id", "app")] + ([] if token is None else [("dapr-api-token", token)])
        for call in (
            lambda: mecha.channel.unary_unary("/test.Any/Unary")(b"x", metadata=metadata, timeout=20),
            lambda: next(mecha.stub.SubscribeTopicEventsAlpha1(iter([]), metadata=metadata, timeout=20))):
            with pytest.raises(grpc.RpcError) as failure:
                call()
            assert failure.value.code() == grpc.StatusCode.UNAUTHENTICATED
        assert not mecha.app.seen("/test.Any/Unary")

    def test_http_says_so_in_plain_text(self, mecha):
        for path in ("/v1.0/metadata", "/v1.0/invoke/app/method/x", "/any"):
            answer = mecha.request("GET", path, headers={"dapr-app-id": "app"})
            assert (answer.status, answer.text.strip()) == (401, "invalid api token")
            assert answer.headers["content-type"].startswith("text/plain")

    def test_sockets(self, tmp_path):
        folder = tmp_path / "s"
        folder.mkdir()
        public = Mecha(tmp_path / "public").internal_port
        mecha = Mecha(
            tmp_path / "m", "--unix-domain-socket", str(folder), "--dapr-public-port", str(public), resources=STORES,
            env={"DAPR_API_TOKEN": "secret"})
        path = folder / "dapr-app-http.socket"
        with mecha.launch():
            wait_until(path.exists, "the socket file")
            wait_until(lambda: request(path, "GET", "/v1.0/healthz/outbound").status == 204, "health over the socket")
            assert request(path, "GET", "/v1.0/state/memory/k").status == 401
            assert request(path, "GET", "/v1.0/state/memory/k", headers={"dapr-api-token": "secret"}).status == 204
            # What it tells is for those who watch over the runtime.
            assert request(public, "GET", "/v1.0/healthz").status in (204, 500)
            assert request(public, "GET", "/v1.0/state/memory/k").status in (401, 404)
            with grpc.insecure_channel(f"unix:{folder / 'dapr-app-grpc.socket'}") as channel:
                with pytest.raises(grpc.RpcError) as failure:
                    api_service_v1.DaprStub(channel).GetMetadata(api_v1.GetMetadataRequest(), timeout=20)
                assert failure.value.code() == grpc.StatusCode.UNAUTHENTICATED


def is_served(mecha, protocol, group):
    """Whether an API of the group is there."""
    if protocol == "http":
        path = {
            "state": "/v1.0/state/memory/k", "secrets": "/v1.0/secrets/env/HOME", "metadata": "/v1.0/metadata",
            "invoke": "/v1.0/invoke/nobody/method/x"}[group]
        answer = mecha.request("GET", path)
        if answer.status == 404:
            assert answer.error == "ERR_DIRECT_INVOKE"
        return answer.status != 404
    call, message = {
        "state": ("GetState", api_v1.GetStateRequest(store_name="memory", key="k")),
        "secrets": ("GetSecret", api_v1.GetSecretRequest(store_name="env", key="HOME")),
        "metadata": ("GetMetadata", api_v1.GetMetadataRequest()),
        "invoke": ("InvokeService", api_v1.InvokeServiceRequest(id="nobody", message=common_v1.InvokeRequest(
            method="x", http_extension=common_v1.HTTPExtension(verb=common_v1.HTTPExtension.GET))))}[group]
    try:
        getattr(mecha.stub, call)(message, timeout=30)
        return True
    except grpc.RpcError as error:
        return error.code() != grpc.StatusCode.UNIMPLEMENTED


GROUPS = ["state", "secrets", "metadata", "invoke"]


def rule(name, protocol, version="v1"):
    return {"name": name, "version": version, "protocol": protocol}


@pytest.mark.parametrize(["lists", "http", "over_grpc"], [
    ({"allowed": [rule("state", "http")]}, ["state"], GROUPS),
    ({"allowed": [rule("state", "http"), rule("metadata", "http"), rule("secrets", "grpc")]}, ["state", "metadata"], ["secrets"]),
    ({"allowed": [rule("state", "http", "v1.0"), rule("invoke", "grpc", "v1.0")]}, ["state"], ["invoke"]),
    ({"denied": [rule("state", "http"), rule("invoke", "grpc")]}, ["secrets", "metadata", "invoke"], ["state", "secrets", "metadata"]),
    ({"allowed": [rule("state", "http"), rule("secrets", "http")], "denied": [rule("state", "http")]}, ["secrets"], GROUPS),
    # Of a version that none of these has.
    ({"denied": [rule(group, protocol, "v1alpha1") for group in GROUPS for protocol in ("http", "grpc")]}, GROUPS, GROUPS),
])
def test_lists_of_apis(tmp_path, lists, http, over_grpc):
    with Mecha(tmp_path, resources=STORES, config=configuration(api=lists)) as mecha:
        assert [group for group in GROUPS if is_served(mecha, "http", group)] == [group for group in GROUPS if group in http]
        assert [group for group in GROUPS if is_served(mecha, "grpc", group)] == [group for group in GROUPS if group in over_grpc]
        # Health always is.
        for path in ("/v1.0/healthz", "/v1.0/healthz/outbound"):
            assert mecha.request("GET", path).status == 204
