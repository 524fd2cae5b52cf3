"""What the runtime tells of itself, who may ask what, and how it ends (sections 1.0, 1.13 and 7 of the Dapr surface)."""

import http.client
import json
import re
import socket

import grpc
import httpx
import pytest
from dapr.proto import api_service_v1, api_v1, common_v1
from runtime import Mecha, component, configuration, free_port, request, wait_until


def rpc_code(method, message, **metadata):
    """The code that a call ends with."""
    try:
        method(message, timeout=20, metadata=[(name.replace("_", "-"), value) for name, value in metadata.items()])
        return grpc.StatusCode.OK
    except grpc.RpcError as error:
        return error.code()


STORES = {
    "memory.yaml": component("memory", "state.in-memory"),
    "env.yaml": component("env", "secretstores.local.env"),
    "endpoint.yaml": json.dumps({
        "apiVersion": "dapr.io/v1alpha1", "kind": "HTTPEndpoint", "metadata": {"name": "search"},
        "spec": {"baseUrl": "http://localhost:1"}}),
    "resiliency.yaml": json.dumps({
        "apiVersion": "dapr.io/v1alpha1", "kind": "Resiliency", "metadata": {"name": "patience"},
        "spec": {"policies": {"timeouts": {"short": "1s"}}, "targets": {}}}),
}


@pytest.fixture(scope="module")
def mecha(tmp_path_factory):
    folder = tmp_path_factory.mktemp("metadata")
    flags = ["--dapr-public-port", str(free_port()), "--allowed-origins", "https://good.example,https://also.example"]
    with Mecha(folder, *flags, resources=STORES) as mecha:
        mecha.public_port = int(flags[1])
        yield mecha


class TestMetadata:
    def test_over_http(self, mecha):
        metadata = mecha.request("GET", "/v1.0/metadata").json
        assert metadata["id"] == "app"
        assert metadata["runtimeVersion"] == metadata["extended"]["daprRuntimeVersion"]
        components = {component["name"]: component for component in metadata["components"]}
        assert components["memory"]["type"] == "state.in-memory"
        assert components["memory"]["version"] == "v1"
        assert {"ETAG", "TRANSACTIONAL", "TTL", "ACTOR"} <= set(components["memory"]["capabilities"])
        assert components["env"]["type"] == "secretstores.local.env"
        assert metadata["httpEndpoints"] == [{"name": "search"}]
        assert metadata["resiliencies"] == [{"name": "patience"}]
        assert metadata["appConnectionProperties"]["channelAddress"] == "127.0.0.1"
        for name in ["enabledFeatures", "subscriptions", "actors"]:
            assert isinstance(metadata[name], list)

    def test_over_grpc(self, mecha):
        metadata = mecha.stub.GetMetadata(api_v1.GetMetadataRequest())
        assert metadata.id == "app"
        assert {component.name for component in metadata.registered_components} == {"memory", "env"}
        assert metadata.http_endpoints[0].name == "search"
        assert metadata.runtime_version == mecha.request("GET", "/v1.0/metadata").json["runtimeVersion"]

    def test_labels(self, mecha):
        assert mecha.request("PUT", "/v1.0/metadata/color", body="naïve blue".encode()).status == 204
        assert mecha.request("PUT", "/v1.0/metadata/empty", body="").status == 204
        mecha.stub.SetMetadata(api_v1.SetMetadataRequest(key="size", value="large"))
        extended = mecha.request("GET", "/v1.0/metadata").json["extended"]
        assert (extended["color"], extended["empty"], extended["size"]) == ("naïve blue", "", "large")
        assert mecha.stub.GetMetadata(api_v1.GetMetadataRequest()).extended_metadata["color"] == "naïve blue"
        mecha.request("PUT", "/v1.0/metadata/color", body="red")
        assert mecha.request("GET", "/v1.0/metadata").json["extended"]["color"] == "red"

    def test_labels_are_bounded(self, mecha):
        assert mecha.request("PUT", "/v1.0/metadata/huge", body="x" * 100_000).status >= 400
        connection = mecha.connection()
        statuses = set()
        for i in range(1_100):
            connection.request("PUT", f"/v1.0/metadata/label{i}", body="x")
            response = connection.getresponse()
            response.read()
            statuses.add(response.status)
        assert statuses == {204, 500} or (204 in statuses and min(statuses - {204}) >= 400)


class TestHealth:
    def test_ready(self, mecha):
        for path in ["/v1.0/healthz", "/v1.0/healthz/outbound", "/v1.0/healthz?appid=app"]:
            answer = mecha.request("GET", path)
            assert (answer.status, answer.body) == (204, b"")

    def test_another_app_id(self, mecha):
        answer = mecha.request("GET", "/v1.0/healthz?appid=other")
        assert (answer.status, answer.error) == (500, "ERR_HEALTH_APPID_NOT_MATCH")

    def test_ready_means_that_the_app_is_up_outbound_does_not(self, tmp_path):
        port = free_port()
        with Mecha(tmp_path, "--app-port", str(port), resources=STORES) as mecha:
            assert mecha.request("GET", "/v1.0/healthz/outbound").status == 204
            answer = mecha.request("GET", "/v1.0/healthz")
            assert (answer.status, answer.error) == (500, "ERR_HEALTH_NOT_READY")
            with socket.create_server(("127.0.0.1", port)):
                wait_until(lambda: mecha.request("GET", "/v1.0/healthz").status == 204, "the app to be found")

    def test_grpc_health_service(self, mecha):
        check = mecha.channel.unary_unary(
            "/grpc.health.v1.Health/Check", request_serializer=lambda _: b"", response_deserializer=lambda data: data)
        assert check(None) == b"\x08\x01"


class TestPublicPort:
    def test_serves_metadata_and_health_only(self, mecha):
        assert request(mecha.public_port, "GET", "/v1.0/metadata").json["id"] == "app"
        assert request(mecha.public_port, "GET", "/v1.0/healthz").status == 204
        for method, path in [
            ("GET", "/v1.0/state/memory/k"), ("POST", "/v1.0/state/memory"), ("PUT", "/v1.0/metadata/a"), ("POST", "/v1.0/shutdown"),
            ("GET", "/v1.0/secrets/env/PATH"), ("GET", "/v1.0/invoke/app/method/x"),
        ]:
            assert request(mecha.public_port, method, path, body="[]" if method != "GET" else None).status == 404


class TestCORS:
    def preflight(self, mecha, origin):
        return mecha.request("OPTIONS", "/v1.0/state/memory", headers={
            "Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-thing"})

    @pytest.mark.parametrize("origin", ["https://good.example", "https://also.example"])
    def test_an_allowed_origin(self, mecha, origin):
        answer = self.preflight(mecha, origin)
        assert answer.status in (200, 204)
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        assert answer.headers["Access-Control-Allow-Headers"] == "x-thing"
        simple = mecha.request("GET", "/v1.0/state/memory/k", headers={"Origin": origin})
        assert simple.headers["Access-Control-Allow-Origin"] == origin

    @pytest.mark.parametrize("origin", ["https://bad.example", "https://good.example.evil.example", "http://good.example", "null"])
    def test_another_origin(self, mecha, origin):
        assert self.preflight(mecha, origin).headers["Access-Control-Allow-Origin"] is None
        simple = mecha.request("GET", "/v1.0/state/memory/k", headers={"Origin": origin})
        assert simple.headers["Access-Control-Allow-Origin"] is None

    def test_it_is_off_by_default_and_may_be_open(self, tmp_path):
        with Mecha(tmp_path / "off", resources=STORES) as mecha:
            assert self.preflight(mecha, "https://good.example").headers["Access-Control-Allow-Origin"] is None
        with Mecha(tmp_path / "all", "--allowed-origins", "*", resources=STORES) as mecha:
            assert self.preflight(mecha, "https://any.example").headers["Access-Control-Allow-Origin"] in ("*", "https://any.example")


class TestRouting:
    @pytest.mark.parametrize(["method", "path"], [
        ("GET", "/"), ("GET", "/nothing"), ("GET", "/v1.0"), ("GET", "/v2.0/state/memory/k"), ("PATCH", "/v1.0/state/memory"),
        ("DELETE", "/v1.0/metadata"), ("GET", "/v1.0/shutdown"), ("POST", "/v1.0/healthz"), ("GET", "/v1.0/state"),
        ("GET", "/v1.0/state/memory/a/b"), ("POST", "/v1.0/state/memory/k"), ("GET", "/v1.0-alpha1/metadata"),
    ])
    def test_an_unknown_path_or_verb(self, mecha, method, path):
        answer = mecha.request(method, path)
        assert (answer.status, answer.error) == (404, "ERR_DIRECT_INVOKE")
        assert "dapr-app-id" in answer.json["message"]

    @pytest.mark.parametrize(["method", "path"], [
        ("GET", "/v1.0/configuration/store?key=a"), ("GET", "/v1.0/configuration/store/subscribe"),
        ("GET", "/v1.0-alpha1/configuration/store"), ("GET", "/v1.0/configuration/store/1/unsubscribe"),
        ("POST", "/v1.0-alpha1/lock/store"), ("POST", "/v1.0-alpha1/unlock/store"), ("PUT", "/v1.0-alpha1/crypto/c/encrypt"),
        ("PUT", "/v1.0-alpha1/crypto/c/decrypt"), ("POST", "/v1.0-alpha1/subtlecrypto/c/sign"), ("PUT", "/v1.0/actors/t/1/method/m"),
        ("GET", "/v1.0/actors/t/1/state/k"), ("POST", "/v1.0/actors/t/1/state"), ("POST", "/v1.0/actors/t/1/reminders/r"),
        ("DELETE", "/v1.0/actors/t/1/timers/r"), ("POST", "/v1.0/workflows/dapr/w/start?instanceID=1"), ("GET", "/v1.0/workflows/dapr/1"),
        ("POST", "/v1.0-beta1/workflows/dapr/1/terminate"), ("POST", "/v1.0-alpha1/workflows/dapr/1/raiseEvent/e"),
        ("POST", "/v1.0-alpha1/jobs/j"), ("GET", "/v1.0-alpha1/jobs/j"), ("DELETE", "/v1.0/jobs/j"),
        ("POST", "/v1.0-alpha1/conversation/c/converse"), ("POST", "/v1.0-alpha2/conversation/c/converse"),
    ])
    def test_an_api_that_comes_later_over_http(self, mecha, method, path):
        answer = mecha.request(method, path, body="{}" if method != "GET" else None)
        assert (answer.status, answer.error) == (501, "ERR_API_UNIMPLEMENTED")

    @pytest.mark.parametrize("name", [
        "GetConfiguration", "TryLockAlpha1", "UnlockAlpha1", "SubtleSignAlpha1",
        "RegisterActorTimer", "InvokeActor", "GetActorState", "StartWorkflowBeta1", "GetWorkflowAlpha1", "ScheduleJobAlpha1",
        "DeleteJob", "ListJobs", "ConverseAlpha1", "ConverseAlpha2",
    ])
    def test_an_api_that_comes_later_over_grpc(self, mecha, name):
        call = mecha.channel.unary_unary(
            f"/dapr.proto.runtime.v1.Dapr/{name}", request_serializer=lambda _: b"", response_deserializer=lambda data: data)
        assert rpc_code(call, None) == grpc.StatusCode.UNIMPLEMENTED

    def test_h2c_by_prior_knowledge_and_http1_on_one_port(self, mecha):
        with httpx.Client(http1=False, http2=True) as client:
            answer = client.get(f"http://127.0.0.1:{mecha.http_port}/v1.0/metadata")
            assert (answer.http_version, answer.json()["id"]) == ("HTTP/2", "app")
        with httpx.Client() as client:
            answer = client.get(f"http://127.0.0.1:{mecha.http_port}/v1.0/metadata")
            assert (answer.http_version, answer.json()["id"]) == ("HTTP/1.1", "app")

    def test_grpc_reflection_names_the_service(self, mecha):
        from grpc_reflection_names import service_names

        assert "dapr.proto.runtime.v1.Dapr" in service_names(mecha.channel)


class TestTokens:
    @pytest.fixture(scope="class")
    def guarded(self, tmp_path_factory):
        with Mecha(tmp_path_factory.mktemp("token"), resources=STORES, env={"DAPR_API_TOKEN": "s3cret-token"}) as mecha:
            yield mecha

    def test_http(self, guarded):
        for headers in [{}, {"dapr-api-token": "wrong"}, {"dapr-api-token": ""}, {"dapr-api-token": "s3cret-token2"}]:
            answer = guarded.request("GET", "/v1.0/metadata", headers=headers)
            assert (answer.status, answer.text) == (401, "invalid api token")
            assert answer.headers["content-type"].startswith("text/plain")
        assert guarded.request("GET", "/v1.0/metadata", headers={"dapr-api-token": "s3cret-token"}).status == 200

    @pytest.mark.parametrize(["method", "path"], [
        ("POST", "/v1.0/state/memory"), ("GET", "/v1.0/secrets/env/PATH"), ("POST", "/v1.0/shutdown"), ("GET", "/nothing"),
        ("POST", "/v1.0/publish/a/b"), ("GET", "/v1.0/invoke/app/method/x"),
    ])
    def test_every_other_path_is_guarded(self, guarded, method, path):
        assert guarded.request(method, path).status == 401

    def test_health_is_open(self, guarded):
        for path in ["/v1.0/healthz", "/v1.0/healthz/outbound"]:
            assert guarded.request("GET", path).status == 204

    def test_grpc(self, guarded):
        get = guarded.stub.GetMetadata
        assert rpc_code(get, api_v1.GetMetadataRequest()) == grpc.StatusCode.UNAUTHENTICATED
        assert rpc_code(get, api_v1.GetMetadataRequest(), dapr_api_token="wrong") == grpc.StatusCode.UNAUTHENTICATED
        assert rpc_code(get, api_v1.GetMetadataRequest(), dapr_api_token="s3cret-token") == grpc.StatusCode.OK

    def test_it_is_not_logged(self, guarded):
        assert "s3cret-token" not in guarded.log


class TestUnixSockets:
    def test_they_replace_the_ports(self, tmp_path):
        folder = tmp_path / "s"
        folder.mkdir()
        mecha = Mecha(tmp_path / "m", "--unix-domain-socket", str(folder), resources=STORES)
        http_socket, grpc_socket = folder / "dapr-app-http.socket", folder / "dapr-app-grpc.socket"
        with mecha.launch():
            wait_until(http_socket.exists, "the socket file")
            wait_until(lambda: request(http_socket, "GET", "/v1.0/healthz/outbound").status == 204, "health over the socket")
            assert request(http_socket, "GET", "/v1.0/metadata").json["id"] == "app"
            with grpc.insecure_channel(f"unix:{grpc_socket}") as channel:
                stub = api_service_v1.DaprStub(channel)
                stub.SaveState(api_v1.SaveStateRequest(store_name="memory", states=[common_v1.StateItem(key="k", value=b"1")]))
                assert stub.GetState(api_v1.GetStateRequest(store_name="memory", key="k")).data == b"1"
            with pytest.raises(OSError):
                mecha.request("GET", "/v1.0/metadata")

    def test_a_socket_file_left_by_a_crash_is_replaced(self, tmp_path):
        folder = tmp_path / "s"
        folder.mkdir()
        for _ in range(2):
            with Mecha(tmp_path / "m", "--unix-domain-socket", str(folder), resources=STORES).launch() as mecha:
                path = folder / "dapr-app-http.socket"

                def answers():
                    try:
                        return request(path, "GET", "/v1.0/healthz/outbound").status == 204
                    except OSError:
                        return False

                wait_until(answers, "health over the socket")
                mecha.kill()


class TestShutdown:
    def test_graceful_over_http(self, tmp_path):
        with Mecha(tmp_path, resources=STORES) as mecha:
            assert mecha.request("POST", "/v1.0/shutdown").status == 204
            assert mecha.wait_exit() == 0

    def test_graceful_over_grpc(self, tmp_path):
        with Mecha(tmp_path, resources=STORES) as mecha:
            mecha.stub.Shutdown(api_v1.ShutdownRequest())
            assert mecha.wait_exit() == 0

    def test_forced_over_http(self, tmp_path):
        with Mecha(tmp_path, resources=STORES) as mecha:
            assert mecha.request("POST", "/v1.0/shutdown", headers={"dapr-force-shutdown": "true"}).status == 204
            assert mecha.wait_exit() == 1


def test_loopback_only_unless_told(mecha):
    """Nothing listens on an address of the network."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    ports = {mecha.http_port, mecha.grpc_port, mecha.metrics_port, mecha.internal_port, mecha.public_port}
    addresses = {row[1].split(":")[0] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) in ports}
    assert addresses == {"0100007F"}


def test_several_listen_addresses(tmp_path):
    with Mecha(tmp_path, "--dapr-listen-addresses", "127.0.0.1,127.0.0.2", resources=STORES) as mecha:
        for host in ["127.0.0.1", "127.0.0.2"]:
            connection = http.client.HTTPConnection(host, mecha.http_port, timeout=10)
            connection.request("GET", "/v1.0/healthz")
            assert connection.getresponse().status == 204
            connection.close()


def test_an_answer_tells_the_trace_that_was_begun_for_it(mecha):
    answer = mecha.request("GET", "/v1.0/metadata")
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]", answer.headers["traceparent"])
    own = f"00-{'1' * 32}-{'2' * 16}-00"
    assert mecha.request("GET", "/v1.0/metadata", headers={"traceparent": own}).headers["traceparent"] is None
    assert mecha.request("GET", "/v1.0/healthz").headers["traceparent"] is None
    assert mecha.request("GET", "/no/such/path").headers["traceparent"]


def test_without_sampling_no_trace_is_begun(tmp_path):
    with Mecha(tmp_path, config=configuration(tracing={"samplingRate": "0"})) as mecha:
        assert mecha.request("GET", "/v1.0/metadata").headers["traceparent"] is None
