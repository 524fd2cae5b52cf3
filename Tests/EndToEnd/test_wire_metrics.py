"""Limits that the wire layer enforces, seen by a client and then in the metrics of the process."""

import re
import socket

import grpc
import pytest
from dapr.proto import api_v1, common_v1
from runtime import Mecha, component, request, wait_until


@pytest.fixture(scope="module")
def mecha(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wire")
    flags = ["--max-body-size", "2Ki", "--read-buffer-size", "1Ki"]
    with Mecha(folder, *flags, resources={"memory.yaml": component("memory", "state.in-memory")}) as mecha:
        yield mecha


def series(mecha, name, **labels):
    """The value of one series of the app; None when it is not there."""
    page = request(mecha.metrics_port, "GET", "/metrics").text
    for line in page.splitlines():
        match = re.fullmatch(r"(\w+)\{(.*)\} (\S+)", line)
        if match and match[1] == name:
            found = dict(re.findall(r'(\w+)="([^"]*)"', match[2]))
            if found == {"app_id": "app"} | labels:
                return float(match[3])
    return None


def exceeded(mecha, limit):
    return series(mecha, "mecha_wire_limit_exceeded_total", limit=limit)


def test_every_limit_has_its_series_from_the_start(mecha):
    for limit in ["header_bytes", "body_bytes", "connections", "streams_per_connection", "header_read_timeout", "idle_timeout",
                  "resets", "control_frames", "pending_connection_bytes", "message_bytes"]:
        assert exceeded(mecha, limit) is not None, limit


def test_a_body_over_the_limit_is_counted(mecha):
    before = exceeded(mecha, "body_bytes")
    answer = mecha.request("POST", "/v1.0/state/memory", json_body=[{"key": "a", "value": "x" * 4000}])
    assert answer.status == 413
    assert exceeded(mecha, "body_bytes") == before + 1


def test_headers_over_the_limit_are_counted(mecha):
    before = exceeded(mecha, "header_bytes")
    answer = mecha.request("GET", "/v1.0/state/memory/a", headers={"x-long": "y" * 2000})
    assert answer.status == 431
    assert exceeded(mecha, "header_bytes") == before + 1


def test_a_message_over_the_limit_is_counted(mecha):
    before = exceeded(mecha, "body_bytes")
    big = api_v1.SaveStateRequest(store_name="memory", states=[common_v1.StateItem(key="a", value=b"x" * 4000)])
    with pytest.raises(grpc.RpcError) as failure:
        mecha.stub.SaveState(big, timeout=20)
    assert failure.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert exceeded(mecha, "body_bytes") == before + 1


def test_connections_are_counted_while_they_are_open(mecha):
    def open_now():
        return series(mecha, "mecha_wire_connections", listener="http")

    wait_until(lambda: open_now() == 0, "the connections of other tests to be gone")
    accepted = series(mecha, "mecha_wire_connections_accepted_total", listener="http")
    held = [socket.create_connection(("127.0.0.1", mecha.http_port)) for _ in range(5)]
    wait_until(lambda: open_now() == 5, "five connections to be counted")
    for connection in held:
        connection.close()
    wait_until(lambda: open_now() == 0, "their end to be counted")
    assert series(mecha, "mecha_wire_connections_accepted_total", listener="http") == accepted + 5


def test_dropped_log_lines_have_a_series(mecha):
    assert "\nmecha_log_lines_dropped_total 0\n" in request(mecha.metrics_port, "GET", "/metrics").text
