"""Resiliency policies and access control over real runtimes and apps (sections 4 and 7 of the Dapr surface)."""

import concurrent.futures
import json
import socket
import threading

import grpc
import pytest
from apps import HTTPApp
from dapr.proto import api_v1, common_v1
from runtime import Mecha, component, configuration, wait_until


def resiliency(name="rules", **spec):
    """The text of a Resiliency; JSON is YAML."""
    return json.dumps(
        {"apiVersion": "dapr.io/v1alpha1", "kind": "Resiliency", "metadata": {"name": name}, "spec": spec})


class Flaky:
    """Answers with the statuses it was told, one for each request, then with 200."""

    def __init__(self):
        self.statuses = []
        self.bodies = []

    def tell(self, *statuses):
        self.statuses = list(statuses)
        self.bodies = []

    def __call__(self, handler):
        self.bodies.append(handler.body)
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 0:
            self.held.wait(20)
        return status, f"answer {status}".encode()

    held = threading.Event()


RETRY = {"policy": "constant", "duration": "10ms", "maxRetries": 3}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("policies")


@pytest.fixture(scope="module")
def flaky():
    return Flaky()


@pytest.fixture(scope="module")
def silent_port():
    """Takes connections and never says anything."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(100)
        yield server.getsockname()[1]


@pytest.fixture(scope="module")
def mesh(home, flaky, silent_port):
    """``web`` calls ``shop`` in another process, under policies; ``silent`` is a state store that does not answer."""
    env = {"MECHA_HOME": str(home / "shared")}
    rules = resiliency(
        policies={
            "timeouts": {"short": "300ms", "own": "300ms"},
            "retries": {"some": RETRY, "server": RETRY | {"matching": {"httpStatusCodes": "500-599", "gRPCStatusCodes": "14"}}},
            "circuitBreakers": {
                "touchy": {"maxRequests": 1, "timeout": "60s", "trip": "consecutiveFailures >= 2"},
                "store": {"timeout": "60s", "trip": "totalFailures > 2 && requests > 0"}}},
        targets={
            "apps": {"shop": {"timeout": "short", "retry": "server"}, "web": {"circuitBreaker": "touchy"}},
            "components": {"silent": {"outbound": {"timeout": "short", "circuitBreaker": "store"}}}})
    with (
        HTTPApp(flaky=flaky) as app,
        Mecha(home / "shop", "--app-port", str(app.port), app_id="shop", env=env),
        Mecha(
            home / "web", "--app-port", str(app.port), app_id="web", env=env,
            resources={
                "rules.yaml": rules, "silent.yaml": component("silent", "state.redis", {"redisHost": f"127.0.0.1:{silent_port}", "readTimeout": "60s", "dialTimeout": "60s"}),
                "good.yaml": component("good", "state.in-memory")}) as web,
    ):
        yield web
        Flaky.held.set()


def invoke(mecha, app, method="flaky", body=b"payload"):
    return mecha.request("POST", f"/v1.0/invoke/{app}/method/{method}", body=body)


def test_a_call_is_repeated_with_its_body(mesh, flaky):
    flaky.tell(503, 500, 502)
    answer = invoke(mesh, "shop")
    assert (answer.status, answer.text) == (200, "answer 200")
    assert flaky.bodies == [b"payload"] * 4


def test_the_last_answer_is_the_apps_own(mesh, flaky):
    flaky.tell(503, 503, 503, 501)
    answer = invoke(mesh, "shop")
    assert (answer.status, answer.text) == (501, "answer 501")


def test_only_matching_codes_are_repeated(mesh, flaky):
    flaky.tell(404)
    assert invoke(mesh, "shop").status == 404
    assert len(flaky.bodies) == 1


def test_a_stream_is_sent_once(mesh, flaky):
    flaky.tell(503)
    answer = mesh.request("POST", "/v1.0/invoke/shop/method/flaky", body=iter([b"one", b"two"]))
    assert answer.status == 503
    assert flaky.bodies == [b"onetwo"]


def test_a_timeout_cuts_an_attempt_off(mesh, flaky):
    flaky.tell(0, 0)
    assert invoke(mesh, "shop").status == 200
    assert len(flaky.bodies) == 3
    flaky.tell(0, 0, 0, 0)
    answer = invoke(mesh, "shop")
    assert (answer.status, answer.error) == (500, "ERR_DIRECT_INVOKE")
    assert answer.json["message"].endswith("failed to invoke, id: shop, err: context deadline exceeded")


def test_grpc_callers_are_served_alike(mesh, flaky):
    flaky.tell(503)
    message = common_v1.InvokeRequest(method="flaky", http_extension=common_v1.HTTPExtension(verb="POST"))
    mesh.stub.InvokeService(api_v1.InvokeServiceRequest(id="shop", message=message))
    assert len(flaky.bodies) == 2
    flaky.tell(0, 0, 0, 0)
    with pytest.raises(grpc.RpcError) as failure:
        mesh.stub.InvokeService(api_v1.InvokeServiceRequest(id="shop", message=message))
    assert failure.value.code() == grpc.StatusCode.INTERNAL
    assert "context deadline exceeded" in failure.value.details()


def test_a_breaker_opens_for_its_endpoint(mesh, flaky):
    flaky.tell(500, 500, 500)
    assert [invoke(mesh, "web").status for _ in range(2)] == [500, 500]
    answer = invoke(mesh, "web")
    assert (answer.status, answer.error) == (500, "ERR_DIRECT_INVOKE")
    assert "circuit breaker is open" in answer.json["message"]
    assert len(flaky.bodies) == 2
    assert invoke(mesh, "web", "other").status == 200


def test_a_component_is_called_under_its_policy(mesh):
    for _ in range(3):
        answer = mesh.request("GET", "/v1.0/state/silent/key")
        assert (answer.status, answer.error) == (500, "ERR_STATE_GET")
        assert "context deadline exceeded" in answer.json["message"]
    answer = mesh.request("GET", "/v1.0/state/silent/key")
    assert (answer.status, answer.error) == (500, "ERR_STATE_GET")
    assert "circuit breaker is open" in answer.json["message"]
    assert mesh.request("POST", "/v1.0/state/good", json_body=[{"key": "k", "value": 1}]).status == 204


def test_what_policies_do_is_counted(mesh):
    samples = mesh.metrics()

    def total(metric, **labels):
        return sum(v for (n, pairs), v in samples.items() if n == metric and set(labels.items()) <= pairs)

    assert total("dapr_resiliency_loaded", name="rules") >= 1
    assert total("dapr_resiliency_count", policy="retry", target="app_shop", flow_direction="outbound") >= 5
    assert total("dapr_resiliency_activations_total", policy="retry", target="app_shop") >= 5
    assert total("dapr_resiliency_activations_total", policy="timeout", target="statestore_silent") == 3
    assert total("dapr_resiliency_activations_total", policy="circuitbreaker", target="app_web", status="open") == 1
    assert total("dapr_resiliency_cb_state", target="statestore_silent", status="open") == 1


def test_rules_are_reloaded(mesh, flaky):
    mesh.write("more.yaml", resiliency(
        "more", policies={"retries": {"DefaultAppRetryPolicy": RETRY | {"maxRetries": 1}}}, targets={}))
    wait_until(lambda: "resources reloaded" in mesh.log, "the reload")
    # The rules of other targets are what they were, their breakers included.
    assert "circuit breaker is open" in invoke(mesh, "web").json["message"]
    (mesh.resources / "more.yaml").unlink()


@pytest.mark.parametrize("trip, told", [
    ("consecutiveFailures >", "column 22"), ("failures > 3", "there is no variable"), ("requests + 1", "not bool")])
def test_a_bad_trip_expression_stops_the_start(tmp_path, trip, told):
    text = (
        "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata:\n  name: bad\nspec:\n  policies:\n    circuitBreakers:\n"
        f"      cb:\n        trip: {trip}\n")
    mecha = Mecha(tmp_path, resources={"bad.yaml": text}).launch()
    assert mecha.wait_exit() != 0
    assert "bad.yaml:9:" in mecha.log and "circuitBreakers.cb.trip" in mecha.log and told in mecha.log


# Access control


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """``web`` and ``thief`` call ``shop``, which lets ``web`` read orders and nobody else in."""
    home = tmp_path_factory.mktemp("acl")
    env = {"MECHA_HOME": str(home / "shared")}
    access = {
        "defaultAction": "deny", "trustDomain": "public",
        "policies": [{
            "appId": "web", "defaultAction": "deny", "trustDomain": "public", "namespace": "default",
            "operations": [
                {"name": "/orders/*", "httpVerb": ["GET"], "action": "allow"}, {"name": "/orders/secret", "action": "deny"}]}]}
    with (
        HTTPApp() as app,
        Mecha(home / "shop", "--app-port", str(app.port), app_id="shop", env=env, config=configuration(accessControl=access)) as shop,
        Mecha(home / "web", app_id="web", env=env) as web,
        Mecha(home / "thief", app_id="thief", env=env) as thief,
    ):
        yield shop, web, thief, app


def test_access_rules_hold_for_http(guarded):
    shop, web, thief, app = guarded
    assert web.request("GET", "/v1.0/invoke/shop/method/orders/7").status == 200
    seen = len(app.seen)
    for caller, verb, path in [
        (web, "POST", "orders/7"), (web, "GET", "orders/secret"), (web, "GET", "orders/%73ecret"), (web, "GET", "other"),
        (thief, "GET", "orders/7"),
    ]:
        answer = caller.request(verb, f"/v1.0/invoke/shop/method/{path}")
        assert (answer.status, answer.error) == (403, "ERR_DIRECT_INVOKE"), (verb, path, answer)
        assert "access control policy has denied access" in answer.json["message"]
    assert len(app.seen) == seen
    assert shop.request("GET", "/v1.0/invoke/shop/method/other").status == 200
    samples = shop.metrics()
    assert sum(v for (n, _), v in samples.items() if n == "dapr_runtime_acl_app_policy_action_blocked_total") == 4
    assert sum(v for (n, _), v in samples.items() if n == "dapr_runtime_acl_global_policy_action_blocked_total") == 1
    assert sum(v for (n, _), v in samples.items() if n == "dapr_runtime_acl_app_policy_action_allowed_total") == 1


def test_access_rules_hold_for_grpc_callers(guarded):
    _, web, thief, _ = guarded

    def call(caller, method, verb="GET"):
        message = common_v1.InvokeRequest(method=method, http_extension=common_v1.HTTPExtension(verb=verb))
        return caller.stub.InvokeService(api_v1.InvokeServiceRequest(id="shop", message=message))

    assert call(web, "orders/7").data.value == b"ok"
    for caller, method, verb in [(web, "orders/7", "PUT"), (thief, "orders/7", "GET")]:
        with pytest.raises(grpc.RpcError) as failure:
            call(caller, method, verb)
        assert failure.value.code() == grpc.StatusCode.PERMISSION_DENIED


def test_inbound_policies_repeat_deliveries(tmp_path):
    """The retries are the policy's: with a dead letter topic the broker is never asked again."""
    from event_apps import HTTPApp

    app = HTTPApp(
        [{"pubsubname": "bus", "topic": "t", "route": "/t", "deadLetterTopic": "dead"},
         {"pubsubname": "bus", "topic": "dead", "route": "/dead"}],
        {"/t": lambda number, item: (500,) if item["json"]["data"]["fails"] >= number else (200,)})
    resiliency = """
apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata: {name: inbound}
spec:
  policies:
    retries: {three: {policy: constant, duration: 10ms, maxRetries: 3}}
  targets:
    components: {bus: {inbound: {retry: three}}}
"""
    resources = {"bus.yaml": component("bus", "pubsub.in-memory"), "policy.yaml": resiliency}
    with Mecha(tmp_path, "--app-port", str(app.port), resources=resources) as mecha:
        wait_until(lambda: len(mecha.request("GET", "/v1.0/metadata").json["subscriptions"]) == 2, "the subscriptions")
        assert mecha.request("POST", "/v1.0/publish/bus/t", json_body={"fails": 2}).status == 204
        app.taken.wait("/t", 3)
        assert mecha.request("POST", "/v1.0/publish/bus/t", json_body={"fails": 99}).status == 204
        app.taken.wait("/dead", 1)
        assert len(app.taken.at("/t")) == 3 + 4 and len(app.taken.at("/dead")) == 1
    app.close()


@pytest.mark.parametrize("broker", ["pubsub.in-memory", "pubsub.sqlite"])
def test_retries_have_one_owner(tmp_path, broker):
    """A subscription that states its attempts gets as many: the declared retries do not multiply the broker's."""
    from event_apps import HTTPApp

    app = HTTPApp(
        [{"pubsubname": "bus", "topic": "t", "route": "/t", "deadLetterTopic": "dead", "metadata": {"maxDeliveryAttempts": "2"}},
         {"pubsubname": "bus", "topic": "dead", "route": "/dead"}],
        {"/t": lambda number, item: (500,)})
    rules = resiliency(
        policies={"retries": {"many": RETRY | {"maxRetries": 7}}}, targets={"components": {"bus": {"inbound": {"retry": "many"}}}})
    with Mecha(tmp_path, "--app-port", str(app.port), resources={"bus.yaml": component("bus", broker), "rules.yaml": rules}) as mecha:
        wait_until(lambda: len(mecha.request("GET", "/v1.0/metadata").json["subscriptions"]) == 2, "the subscriptions")
        assert mecha.request("POST", "/v1.0/publish/bus/t", json_body={"order": 1}).status == 204
        app.taken.wait("/dead", 1)
        assert len(app.taken.at("/t")) == 2 and len(app.taken.at("/dead")) == 1
    app.close()


# gRPC passed through


def raw_grpc_app(answer):
    """A gRPC server that takes any method; ``answer`` gets (request, context) of unary-stream calls as bytes."""
    class Any(grpc.GenericRpcHandler):
        def service(self, call):
            return grpc.unary_stream_rpc_method_handler(answer, lambda b: b, lambda b: b)

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), handlers=(Any(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


@pytest.mark.parametrize("sends_head", [True])
def test_the_status_of_a_grpc_call_is_judged_wherever_it_stands(tmp_path, sends_head):
    told = []
    codes = []

    def answer(request, context):
        if not request:
            # The runtime's own questions, about subscriptions and bindings.
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "")
        told.append(request)
        if sends_head:
            # The status then comes in trailers of its own, after the head.
            context.send_initial_metadata((("x-head", "1"),))
            threading.Event().wait(0.02)
        code = codes.pop(0) if codes else grpc.StatusCode.OK
        if code == "late":
            yield b"part"
            code = grpc.StatusCode.UNAVAILABLE
        if code != grpc.StatusCode.OK:
            context.abort(code, "not now")
        yield b"whole"

    server, port = raw_grpc_app(answer)
    rules = resiliency(
        policies={
            "retries": {"again": RETRY | {"matching": {"gRPCStatusCodes": "14"}}},
            "circuitBreakers": {"fuse": {"maxRequests": 1, "timeout": "60s", "trip": "consecutiveFailures >= 3"}}},
        targets={"apps": {"app": {"retry": "again", "circuitBreaker": "fuse"}}})
    with Mecha(
        tmp_path, "--app-port", str(port), "--app-protocol", "grpc", resources={"rules.yaml": rules}) as mecha:
        def call():
            method = mecha.channel.unary_stream("/shop.Orders/Place", lambda b: b, lambda b: b)
            return b"".join(method(b"order", metadata=(("dapr-app-id", "app"),), timeout=20))

        codes[:] = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAVAILABLE]
        assert call() == b"whole"
        assert told == [b"order"] * 3
        # What does not match is not repeated.
        told.clear()
        codes[:] = [grpc.StatusCode.NOT_FOUND]
        with pytest.raises(grpc.RpcError) as failure:
            call()
        assert (failure.value.code(), failure.value.details(), len(told)) == (grpc.StatusCode.NOT_FOUND, "not now", 1)
        assert call() == b"whole"
        # Nor is what the caller has a part of; but it counts for the circuit breaker, which opens with the third.
        for _ in range(3):
            told.clear()
            codes[:] = ["late"]
            with pytest.raises(grpc.RpcError) as failure:
                call()
            assert (failure.value.code(), len(told)) == (grpc.StatusCode.UNAVAILABLE, 1)
        told.clear()
        with pytest.raises(grpc.RpcError):
            call()
        assert told == []
    server.stop(None)
