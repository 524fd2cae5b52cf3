"""Metrics, traces and logs (section 6 of the Dapr surface)."""

import json
import re
import socket

import grpc
import pytest
from apps import HTTPApp
from collectors import OTLPOverGRPC, OTLPOverHTTP, Zipkin
from dapr.proto import api_v1, common_v1
from runtime import Mecha, component, configuration, free_port, request, wait_until

STORES = {"memory.yaml": component("memory", "state.in-memory"), "env.yaml": component("env", "secretstores.local.env")}

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE, SPAN = PARENT.split("-")[1:3]
# A sampled trace that began here; its id may be marked as random (W3C Trace Context, level 2).
NEW = "00-[0-9a-f]{32}-[0-9a-f]{16}-0[13]"


def save(mecha, store="memory", key="k", value=1, **more):
    return mecha.request("POST", f"/v1.0/state/{store}", json_body=[{"key": key, "value": value}], **more)


def invoke(mecha, method, metadata=(), verb=common_v1.HTTPExtension.GET, data=b""):
    message = common_v1.InvokeRequest(method=method, http_extension=common_v1.HTTPExtension(verb=verb))
    message.data.value = data
    return mecha.stub.InvokeService(api_v1.InvokeServiceRequest(id="app", message=message), metadata=metadata, timeout=20)


def pipeline(mecha, calls):
    """Sends (method, path, header line ...) tuples all at once and waits for their answers."""
    text = "".join(
        "\r\n".join([f"{method} {path} HTTP/1.1", "host: localhost", *headers, *(["connection: close"] if last else []), "", ""])
        for last, (method, path, *headers) in ((number == len(calls), call) for number, call in enumerate(calls, 1)))
    with socket.create_connection(("127.0.0.1", mecha.http_port), timeout=60) as connection:
        connection.sendall(text.encode())
        answers = b""
        while data := connection.recv(65536):
            answers += data
    assert answers.count(b"HTTP/1.1 ") == len(calls)


class TestMetrics:
    @pytest.fixture(scope="class")
    def mecha(self, tmp_path_factory):
        with HTTPApp(gone=lambda _: (404, b"")) as app:
            with Mecha(tmp_path_factory.mktemp("metrics"), "--app-port", str(app.port), resources=STORES) as mecha:
                yield mecha

    @staticmethod
    def sample(mecha, name, **labels):
        """The sum of the samples with these labels."""
        wanted = set(labels.items())
        return sum(value for (series, pairs), value in mecha.metrics().items() if series == name and wanted <= pairs)

    COUNTED = {
        "an HTTP save": (
            lambda m: save(m), "dapr_http_server_request_count", {"method": "POST", "path": "/v1.0/state/{store}", "status": "204"}),
        "an HTTP answer": (
            lambda m: save(m), "dapr_http_server_response_count", {"method": "POST", "path": "/v1.0/state/{store}", "status": "204"}),
        "the time of a call": (
            lambda m: save(m), "dapr_http_server_latency_count", {"method": "POST", "path": "/v1.0/state/{store}", "status": "204"}),
        "a read of nothing": (
            lambda m: m.request("GET", "/v1.0/state/memory/no"), "dapr_http_server_request_count",
            {"method": "GET", "path": "/v1.0/state/{store}/{key}", "status": "204"}),
        "an unknown store": (
            lambda m: m.request("GET", "/v1.0/state/no/k"), "dapr_http_server_request_count",
            {"method": "GET", "path": "/v1.0/state/{store}/{key}", "status": "400"}),
        "an invocation": (
            lambda m: m.request("GET", "/v1.0/invoke/app/method/a/b"), "dapr_http_server_request_count",
            {"method": "GET", "path": "/v1.0/invoke/{appid}/method/{path...}", "status": "200"}),
        "a call of the app": (
            lambda m: m.request("GET", "/v1.0/invoke/app/method/gone"), "dapr_http_client_completed_count",
            {"method": "GET", "status": "404"}),
        "a write to a store": (
            lambda m: save(m), "dapr_component_state_count", {"component": "memory", "operation": "set", "success": "true"}),
        "the time of a write": (
            lambda m: save(m), "dapr_component_state_latencies_count", {"component": "memory", "operation": "set", "success": "true"}),
        "a failed write": (
            lambda m: m.request("POST", "/v1.0/state/memory", json_body=[{"key": "f", "value": 1, "etag": "x"}]),
            "dapr_component_state_count", {"component": "memory", "operation": "set", "success": "false"}),
        "a read of a secret": (
            lambda m: m.request("GET", "/v1.0/secrets/env/HOME"), "dapr_component_secret_count",
            {"component": "env", "operation": "get", "success": "true"}),
        "a gRPC call": (
            lambda m: m.stub.GetState(api_v1.GetStateRequest(store_name="memory", key="k")), "dapr_grpc_io_server_completed_rpcs",
            {"grpc_server_method": "/dapr.proto.runtime.v1.Dapr/GetState", "grpc_server_status": "OK"}),
        "the time of a gRPC call": (
            lambda m: m.stub.GetState(api_v1.GetStateRequest(store_name="memory", key="k")), "dapr_grpc_io_server_server_latency_count",
            {"grpc_server_method": "/dapr.proto.runtime.v1.Dapr/GetState"}),
    }

    @pytest.mark.parametrize("name", COUNTED)
    def test_a_call_is_counted_under_dapr_s_name(self, mecha, name):
        call, series, labels = self.COUNTED[name]
        before = self.sample(mecha, series, app_id="app", **labels)
        call(mecha)
        call(mecha)
        # An exchange is counted when its last byte is out, which may be after the client has it.
        wait_until(lambda: self.sample(mecha, series, app_id="app", **labels) == before + 2, f"{series} {labels} to count two")

    def test_the_page_is_well_formed(self, mecha):
        save(mecha)
        page = request(mecha.metrics_port, "GET", "/metrics")
        assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
        typed = dict(line.split()[2:4] for line in page.text.splitlines() if line.startswith("# TYPE"))
        assert typed["dapr_http_server_request_count"] == "counter" and typed["dapr_http_server_latency"] == "histogram"
        for name, pairs in mecha.metrics():
            family = re.sub(r"_(bucket|sum|count)$", "", name)
            assert family in typed or name in typed, name
            assert name.startswith(("process_", "mecha_")) or ("app_id", "app") in pairs, name
        buckets = [
            (float(dict(pairs)["le"]), value) for (name, pairs), value in mecha.metrics().items()
            if name == "dapr_http_server_latency_bucket" and {("path", "/v1.0/state/{store}"), ("status", "204")} <= pairs]
        assert [bound for bound, _ in sorted(buckets)][:8] == [1, 2, 3, 4, 5, 6, 8, 10] and len(buckets) == 35
        assert [count for _, count in sorted(buckets)] == sorted(count for _, count in buckets)

    def test_distinct_paths_add_no_series(self, mecha):
        def all_kinds(number):
            return [
                ("GET", f"/v1.0/state/memory/key-{number}"), ("GET", f"/v1.0/state/store-{number}/k"), ("GET", f"/nothing/{number}"),
                ("GET", f"/v1.0/invoke/app/method/m{number}/x{number}?q={number}"), ("GET", f"/v1.0/secrets/env/NAME{number}"),
                ("GET", f"/orders/{number}", "dapr-app-id: app"), ("PUT", f"/v1.0/metadata/label{number}", "content-length: 0")]

        pipeline(mecha, [*all_kinds(0), ("PROPFIND", "/v1.0/metadata")])
        wait_until(lambda: self.sample(mecha, "dapr_http_server_request_count", path="/v1.0/secrets/{store}/{key}"), "the last call")
        before = {series for series in mecha.metrics()}
        for first in range(1, 451, 45):
            pipeline(mecha, [call for number in range(first, first + 45) for call in all_kinds(number)])
        pipeline(mecha, [(f"VERB{number}", "/v1.0/metadata") for number in range(50)])
        assert {series for series in mecha.metrics()} - before == set()

    def test_what_the_configuration_says(self, tmp_path):
        metrics = {
            "http": {"increasedCardinality": True, "excludeVerbs": True}, "recordErrorCodes": True, "latencyDistributionBuckets": [5, 50],
            "rules": [{"name": "dapr_http_server_request_count", "labels": [{"name": "path", "regex": {"/orders": "/v1.0/invoke/.*"}}]}]}
        with HTTPApp() as app:
            with Mecha(tmp_path, "--app-port", str(app.port), resources=STORES, config=configuration(metrics=metrics)) as mecha:
                mecha.request("GET", "/v1.0/state/memory/mine")
                mecha.request("GET", "/v1.0/state/nowhere/mine")
                mecha.request("GET", "/v1.0/invoke/app/method/x")
                sample = lambda **labels: self.sample(mecha, "dapr_http_server_request_count", **labels)
                wait_until(lambda: sample(path="/orders", method=""), "the rewritten path")
                assert sample(path="/v1.0/state/memory/mine", method="") == 1
                assert self.sample(mecha, "dapr_error_code_total", error_code="ERR_STATE_STORE_NOT_FOUND") == 1
                bounds = {dict(pairs)["le"] for name, pairs in mecha.metrics() if name == "dapr_http_server_latency_bucket"}
                assert bounds == {"5", "50", "+Inf"}

    def test_path_matching_and_low_cardinality(self, tmp_path):
        metrics = {"http": {"increasedCardinality": False, "pathMatching": ["/v1.0/state/memory/{key}"]}}
        with Mecha(tmp_path, resources=STORES, config=configuration(metric=metrics)) as mecha:
            for number in range(3):
                mecha.request("GET", f"/v1.0/state/memory/k{number}")
                mecha.request("GET", "/v1.0/metadata")
            sample = lambda **labels: self.sample(mecha, "dapr_http_server_request_count", **labels)
            wait_until(lambda: sample(path="/v1.0/state/memory/{key}") == 3 and sample(path="", method="GET") >= 3, "three of each")

    def test_they_may_be_off(self, tmp_path):
        with Mecha(tmp_path, "--enable-metrics=false", resources=STORES) as mecha:
            with pytest.raises(OSError):
                request(mecha.metrics_port, "GET", "/metrics")


class TestTraceContext:
    """What goes on to the app, and what comes back to the caller."""

    @pytest.fixture(scope="class")
    def app(self):
        with HTTPApp() as app:
            yield app

    @pytest.fixture(scope="class")
    def mecha(self, tmp_path_factory, app):
        with OTLPOverHTTP() as collector:
            tracing = configuration(tracing={"samplingRate": "1"} | collector.tracing)
            with Mecha(tmp_path_factory.mktemp("trace"), "--app-port", str(app.port), resources=STORES, config=tracing) as mecha:
                yield mecha

    def seen(self, app, path):
        return next(headers for _, seen, headers in app.seen if seen == path)

    def test_a_trace_is_continued_over_http(self, mecha, app):
        headers = {"traceparent": PARENT, "tracestate": "vendor=1,other=2", "baggage": "user=7"}
        answer = mecha.request("GET", "/v1.0/invoke/app/method/http-in", headers=headers)
        seen = self.seen(app, "/http-in")
        version, trace, span, flags = seen["traceparent"].split("-")
        assert (version, trace, flags) == ("00", TRACE, "01") and span != SPAN
        assert seen["tracestate"] == "vendor=1,other=2" and seen["baggage"] == "user=7"
        assert answer.headers["traceparent"] is None

    def test_a_trace_begins_here_when_none_came(self, mecha, app):
        answer = mecha.request("GET", "/v1.0/invoke/app/method/http-new")
        seen = self.seen(app, "/http-new")["traceparent"]
        assert re.fullmatch(NEW, seen)
        assert answer.headers["traceparent"].split("-")[1] == seen.split("-")[1]
        assert re.fullmatch(NEW, save(mecha).headers["traceparent"])

    @pytest.mark.parametrize("broken", [
        "", "00", "00-0-0-01", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", f"00-{TRACE}-{'0' * 16}-01", f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01-more", "x" * 2000])
    def test_a_broken_parent_is_none(self, mecha, app, broken):
        app.seen.clear()
        mecha.request("GET", "/v1.0/invoke/app/method/broken", headers={"traceparent": broken})
        seen = self.seen(app, "/broken")["traceparent"]
        assert re.fullmatch(NEW, seen) and TRACE not in seen

    def test_a_trace_is_continued_over_grpc(self, mecha, app):
        invoke(mecha, "grpc-in", [("traceparent", PARENT), ("tracestate", "vendor=1")])
        seen = self.seen(app, "/grpc-in")
        assert seen["traceparent"].split("-")[1] == TRACE and seen["traceparent"].split("-")[2] != SPAN
        assert seen["tracestate"] == "vendor=1"

    def test_the_binary_form_of_grpc_is_taken(self, mecha, app):
        binary = b"\0\0" + bytes.fromhex(TRACE) + b"\1" + bytes.fromhex(SPAN) + b"\2\1"
        invoke(mecha, "grpc-bin", [("grpc-trace-bin", binary)])
        assert self.seen(app, "/grpc-bin")["traceparent"].split("-")[1] == TRACE

    def test_an_unsampled_parent_stays_unsampled(self, mecha, app):
        mecha.request("GET", "/v1.0/invoke/app/method/off", headers={"traceparent": PARENT[:-1] + "0"})
        assert self.seen(app, "/off")["traceparent"].endswith("-00")


class TestExport:
    @pytest.fixture(params=[OTLPOverHTTP, OTLPOverGRPC, Zipkin])
    def collector(self, request):
        with request.param() as collector:
            yield collector

    def test_spans_reach_the_collector(self, tmp_path, collector):
        tracing = configuration(tracing={"samplingRate": "1"} | collector.tracing)
        with HTTPApp() as app, Mecha(tmp_path, "--app-port", str(app.port), resources=STORES, config=tracing) as mecha:
            save(mecha, value="p4yload", headers={"traceparent": PARENT})
            mecha.request("GET", "/v1.0/state/nowhere/k")
            mecha.request("GET", "/v1.0/secrets/env/HOME?metadata.token=qu3ry")
            mecha.request("GET", "/v1.0/invoke/app/method/x?token=qu3ry", headers={"dapr-api-token": "t0ken"})
            mecha.stub.GetState(
                api_v1.GetStateRequest(store_name="memory", key="k"), metadata=[("traceparent", PARENT)], timeout=20)
            mecha.request("GET", "/v1.0/healthz")
            # What is not sent yet goes out before the end.
            assert mecha.stop() == 0
            [seen] = [headers["traceparent"] for _, path, headers in app.seen if path.startswith("/x")]
        [saved] = collector.named("/v1.0/state/{store}")
        assert (saved["service"], saved["trace"], saved["parent"], saved["kind"]) == ("app", TRACE, SPAN, "SERVER")
        assert saved["start"] < saved["end"] and not saved["failed"]
        assert saved["attributes"]["http.response.status_code"] == "204"
        assert saved["attributes"]["http.request.method"] == "POST"
        [invoked] = collector.named("/v1.0/invoke/{appid}/method/{path...}")
        assert seen.split("-")[1] == invoked["trace"]
        [read] = [span for span in collector.spans if span["name"].endswith("Dapr/GetState")]
        assert (read["trace"], read["parent"], read["kind"]) == (TRACE, SPAN, "SERVER")
        assert len({span["id"] for span in collector.spans}) == len(collector.spans)
        assert not [span for span in collector.spans if "healthz" in span["name"]]
        assert not [word for word in (b"p4yload", b"qu3ry", b"t0ken") if word in collector.bytes]
        if collector.headers:
            assert all({k.lower(): v for k, v in headers.items()}["x-tenant"] == "shop" for headers in collector.headers)

    @pytest.mark.parametrize(["rate", "least", "most"], [("0", 0, 0), ("0.5", 60, 140), ("1", 200, 200)])
    def test_sampling(self, tmp_path, rate, least, most):
        with OTLPOverHTTP() as collector:
            tracing = configuration(tracing={"samplingRate": rate} | collector.tracing)
            with Mecha(tmp_path, resources=STORES, config=tracing) as mecha:
                pipeline(mecha, [("GET", "/v1.0/state/memory/k")] * 200)
                # What the parent decided counts more than the rate.
                save(mecha, headers={"traceparent": PARENT})
                save(mecha, headers={"traceparent": PARENT[:-1] + "0"})
                assert mecha.stop() == 0
            assert least <= len(collector.named("/v1.0/state/{store}/{key}")) <= most
            assert len(collector.named("/v1.0/state/{store}")) == 1

    def test_a_collector_that_is_away_costs_no_request(self, tmp_path):
        tracing = configuration(tracing={"samplingRate": "1", "zipkin": {"endpointAddress": f"http://127.0.0.1:{free_port()}/api/v2/spans"}})
        with Mecha(tmp_path, resources=STORES, config=tracing) as mecha:
            assert all(save(mecha).status == 204 for _ in range(50))
            assert mecha.stop() == 0

    def test_the_environment_of_opentelemetry(self, tmp_path):
        with OTLPOverHTTP() as collector:
            environment = {
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.app.port}", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
                "OTEL_SERVICE_NAME": "renamed"}
            with Mecha(tmp_path, resources=STORES, config=configuration(tracing={"samplingRate": "1"}), env=environment) as mecha:
                save(mecha)
                assert mecha.stop() == 0
            assert [span["service"] for span in collector.named("/v1.0/state/{store}")] == ["renamed"]


TEXT_LINE = re.compile(
    r'time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)" level=(debug|info|warning|error|fatal) msg=(?P<msg>"(?:[^"\\]|\\.)*"|\S+)'
    r'(?P<rest> app_id=app .*)')


def records(mecha, message):
    """The log lines with that message, as mappings of their text fields."""
    found = []
    for line in mecha.log.splitlines():
        match = TEXT_LINE.fullmatch(line)
        if match and message in match["msg"]:
            found.append({k: v.strip('"') for k, v in re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)', match["rest"])})
    return found


class TestLogs:
    def test_text(self, tmp_path):
        with Mecha(tmp_path, resources=STORES) as mecha:
            save(mecha)
            assert mecha.stop() == 0
            lines = mecha.log.splitlines()
            assert lines and all(TEXT_LINE.fullmatch(line) for line in lines), lines
            [ready] = records(mecha, "dapr initialized. Status: Running. Init Elapsed ")
            assert (ready["scope"], ready["type"]) == ("dapr.runtime", "log") and ready["instance"] and ready["ver"]

    def test_json(self, tmp_path):
        with Mecha(tmp_path, "--log-as-json", "--enable-api-logging", resources=STORES) as mecha:
            save(mecha, key='"quoted"\n☃')
            assert mecha.stop() == 0
            lines = [json.loads(line) for line in mecha.log.splitlines()]
            assert all({"app_id", "instance", "level", "msg", "scope", "time", "type", "ver"} <= set(line) for line in lines)
            assert "HTTP API Called" in [line["msg"] for line in lines]

    def test_levels(self, tmp_path):
        with Mecha(tmp_path, "--log-level", "error", resources=STORES) as mecha:
            save(mecha)
            assert mecha.stop() == 0
            assert mecha.log == ""

    def test_api_calls(self, tmp_path):
        with Mecha(tmp_path, "--enable-api-logging", resources=STORES) as mecha:
            save(mecha, headers={"user-agent": "tester/1"})
            mecha.request("GET", "/v1.0/state/nowhere/k?consistency=strong")
            mecha.stub.GetState(api_v1.GetStateRequest(store_name="memory", key="k"))
            wait_until(lambda: records(mecha, "gRPC API Called") and len(records(mecha, "HTTP API Called")) >= 3, "the records")
            found = {record["method"]: record for record in records(mecha, "HTTP API Called")}
            assert (found["POST /v1.0/state/memory"]["code"], found["POST /v1.0/state/memory"]["useragent"]) == ("204", "tester/1")
            assert found["GET /v1.0/state/nowhere/k"]["code"] == "400"
            assert int(found["GET /v1.0/state/nowhere/k"]["size"]) > 0 and "duration" in found["GET /v1.0/state/nowhere/k"]
            assert "GET /v1.0/healthz/outbound" in found
            [read] = records(mecha, "gRPC API Called")
            assert (read["method"], read["code"]) == ("/dapr.proto.runtime.v1.Dapr/GetState", "0")

    def test_api_calls_without_names_and_probes(self, tmp_path):
        logging = {"apiLogging": {"enabled": True, "obfuscateURLs": True, "omitHealthChecks": True}}
        with Mecha(tmp_path, resources=STORES, config=configuration(logging=logging)) as mecha:
            mecha.request("GET", "/v1.0/state/memory/my-key")
            wait_until(lambda: records(mecha, "HTTP API Called"), "the record")
            assert {record["method"] for record in records(mecha, "HTTP API Called")} == {"GET /v1.0/state/{store}/{key}"}

    def test_secrets_and_payloads_appear_nowhere(self, tmp_path):
        words = {name: f"s3cret-{name}" for name in (
            "value", "token", "apptoken", "query", "header", "env", "file", "body", "etag", "password", "label")}
        (tmp_path / "secrets.json").write_text(json.dumps({"inner": words["file"]}))
        resources = STORES | {
            "file.yaml": component("file", "secretstores.local.file", {"secretsFile": str(tmp_path / "secrets.json")}),
            "redis.yaml": component("redis", "state.redis", {"redisHost": f"127.0.0.1:{free_port()}", "redisPassword": words["password"]})}
        environment = {"DAPR_API_TOKEN": words["token"], "APP_API_TOKEN": words["apptoken"], "MY_SECRET": words["env"]}
        with HTTPApp() as app:
            with Mecha(
                tmp_path, "--app-port", str(app.port), "--enable-api-logging", resources=resources, env=environment,
                config=configuration(tracing={"samplingRate": "1", "stdout": True})) as mecha:
                good = {"dapr-api-token": words["token"], "x-header": words["header"]}
                for store in ("memory", "redis", "nowhere"):
                    save(mecha, store, value=words["value"], headers=good)
                mecha.request("POST", "/v1.0/state/memory", body=f'[{{"key": "k", "value": "{words["value"]}"', headers=good)
                mecha.request(
                    "POST", "/v1.0/state/memory", json_body=[{"key": "k", "value": 1, "etag": words["etag"]}], headers=good)
                mecha.request("GET", f"/v1.0/state/memory/k?metadata.x={words['query']}", headers=good)
                assert words["env"] in mecha.request("GET", "/v1.0/secrets/env/MY_SECRET", headers=good).text
                assert words["file"] in mecha.request("GET", "/v1.0/secrets/file/bulk", headers=good).text
                mecha.request("POST", f"/v1.0/invoke/app/method/x?q={words['query']}", body=words["body"], headers=good)
                mecha.request("GET", "/v1.0/metadata", headers={"dapr-api-token": words["token"] + "x"})
                with pytest.raises(grpc.RpcError):
                    invoke(mecha, "x", [("dapr-api-token", words["token"] + "y")], data=words["body"].encode())
                invoke(mecha, "y", [("dapr-api-token", words["token"])], common_v1.HTTPExtension.POST, words["body"].encode())
                places = {
                    "metrics": request(mecha.metrics_port, "GET", "/metrics").text,
                    "metadata": mecha.request("GET", "/v1.0/metadata", headers=good).text}
                assert [headers["dapr-api-token"] for _, path, headers in app.seen if path == "/y"] == [words["apptoken"]]
                assert mecha.stop() == 0
                places["log"] = mecha.log
        assert "HTTP API Called" in places["log"]
        for place, text in places.items():
            assert [word for word in words.values() if word in text] == [], place
