"""Bindings both ways through a real process."""

import grpc
import pytest
from dapr.proto import api_service_v1, api_v1
from event_apps import GRPCApp, HTTPApp
from runtime import Mecha, component, wait_until

TICK = component("tick", "bindings.cron", {"schedule": "@every 200ms"})


def test_cron_calls_an_http_app_that_wants_it(tmp_path):
    app = HTTPApp(bindings=["/tick"])
    with Mecha(tmp_path, "--app-port", str(app.port), resources={"tick.yaml": TICK}):
        items = app.taken.wait("/tick", 3)
        assert items[0]["body"] == b"" and items[0]["headers"]["readtimeutc"].endswith("Z")
        assert items[0]["headers"]["timezone"] == "UTC" and items[0]["headers"]["traceparent"]
    app.close()


def test_an_app_that_refuses_a_binding_is_not_called(tmp_path):
    app = HTTPApp([{"pubsubname": "none", "topic": "x", "route": "/x"}], bindings=["/wanted"])
    wanted = component("wanted", "bindings.cron", {"schedule": "@every 100ms"})
    with Mecha(tmp_path, "--app-port", str(app.port), resources={"tick.yaml": TICK, "wanted.yaml": wanted}):
        app.taken.wait("/wanted", 5)
        assert not app.taken.at("/tick")
    app.close()


def test_route_and_direction(tmp_path):
    app = HTTPApp()
    tick = component("tick", "bindings.cron", {"schedule": "@every 100ms", "direction": "input", "route": "/on/time"})
    with Mecha(tmp_path, "--app-port", str(app.port), resources={"tick.yaml": tick}):
        app.taken.wait("/on/time", 2)
    app.close()


def test_cron_calls_a_grpc_app(tmp_path):
    app = GRPCApp(bindings=["tick"])
    with Mecha(tmp_path, "--app-port", str(app.port), "--app-protocol", "grpc", resources={"tick.yaml": TICK}):
        event = app.taken.wait("tick", 2)[0]["event"]
        assert event.metadata["timeZone"] == "UTC"
    app.close()


def test_the_apps_answer_saves_state(tmp_path):
    app = HTTPApp(
        answers={"/tick": lambda number, _: (200, {"storeName": "statestore", "state": [{"key": "ticks", "value": number}]})},
        bindings=["/tick"])
    with Mecha(tmp_path, "--app-port", str(app.port), resources={
            "tick.yaml": TICK, "statestore.yaml": component("statestore", "state.in-memory")}) as mecha:
        wait_until(lambda: mecha.request("GET", "/v1.0/state/statestore/ticks").body not in (b"", b"1"), "the state")
    app.close()


@pytest.mark.parametrize("metadata, problem", [
    ({"schedule": "61 * * * * *"}, "schedule"), ({"schedule": "* * *"}, "schedule"), ({}, "schedule"),
    ({"schedule": "@daily", "timezone": "Mars/Olympus"}, "timezone"),
])
def test_a_wrong_schedule_names_its_place(tmp_path, metadata, problem):
    mecha = Mecha(tmp_path, resources={"tick.yaml": component("tick", "bindings.cron", metadata)})
    mecha.launch()
    assert mecha.process.wait(20) != 0
    assert "tick.yaml" in mecha.log and problem in mecha.log


@pytest.mark.parametrize("body, status, code", [
    ({"operation": "create"}, 500, "ERR_INVOKE_OUTPUT_BINDING"), ("{", 400, "ERR_MALFORMED_REQUEST"),
])
def test_calls_that_cannot_be_made(tmp_path, body, status, code):
    with Mecha(tmp_path, resources={"tick.yaml": TICK}) as mecha:
        answer = (
            mecha.request("POST", "/v1.0/bindings/none", json_body=body) if isinstance(body, dict)
            else mecha.request("POST", "/v1.0/bindings/none", body=body))
        assert (answer.status, answer.error) == (status, code)
        with grpc.insecure_channel(f"127.0.0.1:{mecha.grpc_port}") as channel, pytest.raises(grpc.RpcError) as caught:
            api_service_v1.DaprStub(channel).InvokeBinding(api_v1.InvokeBindingRequest(name="none", operation="create"))
        assert caught.value.code() == grpc.StatusCode.INTERNAL
