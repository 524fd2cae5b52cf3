"""What calls functions: changes of state, methods of gRPC, input bindings."""

import concurrent.futures
import json
import pathlib
import subprocess

import grpc
import pytest
from functions import ROOT, FunctionRuntime
from runtime import PATIENCE_SECONDS, component, wait_until

STATE = """
  - state: {store: statestore, keyPrefix: "app||order"}
  - state: {store: statestore, keyPrefix: "app||gone", operations: [delete], route: /gone}
  - state: {store: statestore, keyPrefix: "app||flaky", route: /flaky}
  - state: {store: statestore, keyPrefix: "watcher||"}
"""


def function(triggers, extra=""):
    return f"""
apiVersion: mecha.io/v1alpha1
kind: Function
metadata:
  name: watcher
spec:
  source: {{file: ../events.wasm}}
  grants: {{state: [statestore]}}
  limits: {{concurrency: 1}}
  triggers:
{triggers}
{extra}
"""


@pytest.fixture
def start(tmp_path):
    subprocess.run(
        ["clang", "--target=wasm32-unknown-unknown", "-Os", "-nostdlib", "-Wl,--no-entry", f"-I{ROOT}/guests/c", "-o",
         str(tmp_path / "events.wasm"), str(pathlib.Path(__file__).parent / "guests/events.c")], check=True, timeout=PATIENCE_SECONDS)
    running = []

    def start(triggers, extra="", **resources):
        resources = {name.replace("_", "-") + ".yaml": text for name, text in resources.items()}
        runtime = FunctionRuntime(tmp_path, app_id="app", resources={"watcher.yaml": function(triggers, extra)} | resources)
        running.append(runtime)
        return runtime.start()

    yield start
    for runtime in running:
        runtime.__exit__()


def log(runtime):
    return [json.loads(line) for line in runtime.call("/watcher/log").text.splitlines() if line.startswith("{")]


def save(runtime, *pairs):
    answer = runtime.request("POST", "/v1.0/state/statestore", json_body=[{"key": key, "value": value} for key, value in pairs])
    assert answer.status == 204, answer


def test_changes_of_state_call(start):
    runtime = start(STATE)
    save(runtime, ("order1", {"n": 1}))
    save(runtime, ("other", 1))
    save(runtime, ("order1", "text"), ("order2", 2))
    runtime.request("DELETE", "/v1.0/state/statestore/order1")
    runtime.request("POST", "/v1.0/state/statestore/transaction", json_body={"operations": [
        {"operation": "upsert", "request": {"key": "order3", "value": [3]}}, {"operation": "delete", "request": {"key": "gone1"}},
        {"operation": "upsert", "request": {"key": "gone2", "value": 1}}]})
    # What was refused changed nothing.
    refused = runtime.request("POST", "/v1.0/state/statestore", json_body=[
        {"key": "order2", "value": 9, "etag": "wrong", "options": {"concurrency": "first-write"}}])
    assert refused.status == 409
    events = wait_until(lambda: (e := log(runtime)) and len(e) >= 6 and e, "six events")
    assert len(events) == 6
    by_key = {}
    for event in events:
        assert event["specversion"] == "1.0" and event["source"] == "statestore" and event["author"] == "app" and event["time"]
        by_key.setdefault(event["subject"], []).append((event["type"].removeprefix("io.mecha.state."), event.get("data")))
    assert by_key == {
        "app||order1": [("set", {"n": 1}), ("set", "text"), ("delete", None)], "app||order2": [("set", 2)],
        "app||order3": [("set", [3])], "app||gone1": [("delete", None)]}
    assert len({event["id"] for event in events}) == 6
    # The function's own keys are watched, and its own changes do not call it.
    usage = runtime.fn_json("usage", "watcher")["total"]["calls"]
    runtime.call("/watcher/anything", "POST", "x")
    assert runtime.fn_json("usage", "watcher")["total"]["calls"] == usage + 1


def test_a_change_is_told_until_it_is_taken(start):
    runtime = start(STATE)
    save(runtime, ("flaky", 7))
    wait_until(lambda: [e["data"] for e in log(runtime)] == [7], "the change to be taken")
    assert runtime.call("/watcher/log").text.count("try") == 3


def test_many_changes_at_once(start):
    runtime = start('  - state: {store: statestore, keyPrefix: "app||n", route: /x}\n')
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: save(runtime, (f"n{n % 10}", n)), range(200)))
    wait_until(lambda: runtime.fn_json("usage", "watcher")["total"]["calls"] >= 200, "every change to be told")
    assert runtime.fn_json("usage", "watcher")["total"]["failures"] == 0


def test_methods_of_grpc_call(start):
    runtime = start("  - grpc: {service: shop.v1.Echo, method: Say}\n    alias: live", "  aliases: {live: {weights: {latest: 1}}, prod: {weights: {latest: 1}}}")
    with grpc.insecure_channel(f"127.0.0.1:{runtime.functions_port}") as channel:
        def say(message, path="/shop.v1.Echo/Say", **options):
            return channel.unary_unary(path)(message, timeout=options.pop("timeout", 20), **options)

        def code(*arguments, **options):
            with pytest.raises(grpc.RpcError) as caught:
                say(*arguments, **options)
            return caught.value.code(), caught.value.details()

        assert say(b"hello") == b"said hello" and say(b"") == b"said " and say(b"x" * 60_000)[5:] == b"x" * 60_000
        assert say(b"packed" * 100, compression=grpc.Compression.Gzip) == b"said " + b"packed" * 100
        assert say(b"header", metadata=[("x-mine", "1")]) == b"1"
        assert code(b"status") == (grpc.StatusCode.NOT_FOUND, "no such thing")
        assert code(b"fail")[0] == grpc.StatusCode.INTERNAL and code(b"trap")[0] == grpc.StatusCode.INTERNAL
        assert code(b"loop")[0] == grpc.StatusCode.DEADLINE_EXCEEDED
        assert code(b"x", "/shop.v1.Echo/Shout")[0] == grpc.StatusCode.UNIMPLEMENTED
        assert code(b"x" * (5 << 20))[0] == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert code(b"loop", timeout=0.3)[0] == grpc.StatusCode.DEADLINE_EXCEEDED
        assert code(iter([b""]) and b"fail")[0] == grpc.StatusCode.INTERNAL
        assert say(b"still here") == b"said still here"
    assert runtime.call("/watcher").status == 200


def test_input_bindings_call(start):
    runtime = start("  - binding: {name: ticker}\n", ticker=component("ticker", "bindings.cron", {"schedule": "@every 1s"}))
    wait_until(lambda: runtime.fn_json("usage", "watcher")["total"]["calls"] >= 2, "the binding to call twice")
    assert "binding ticker" in runtime.log or runtime.fn_json("describe", "watcher")["triggers"] == [
        {"binding": {"name": "ticker"}, "alias": "prod"}]


def test_what_triggers_cannot_be(start, tmp_path):
    runtime = start("  - binding: {name: none}\n")
    for triggers, part in (
        ('  - state: {keyPrefix: a}\n', "store"), ('  - state: {store: x, operations: [update]}\n', "set or delete"),
        ('  - grpc: {service: a/b, method: M}\n', "without slashes"), ('  - grpc: {service: S}\n', "method"),
        ('  - mail: {to: x}\n', "http, cron, topic, binding, state, grpc"),
    ):
        (tmp_path / "bad.yaml").write_text(function(triggers))
        ended = runtime.run_fn("deploy", tmp_path / "bad.yaml")
        assert ended.returncode == 1 and part in ended.stderr, (triggers, ended.stderr)
