"""What the runtime promises when something fails: itself, its app, or what stands behind a component."""

import concurrent.futures
import contextlib
import http.client
import json
import os
import random
import signal
import socket
import sys
import textwrap
import threading
import time

import grpc
import pytest
from apps import HTTPApp
from dapr.proto import api_service_v1, api_v1, common_v1
from programs import Command
from runtime import BINARY, Mecha, component, free_port, request, wait_until
from writers import Writers


def crash_and_check(mecha, store, rounds=4):
    """Kills the runtime under load at random moments; each time it serves at once and has all that it confirmed."""
    mecha.start()
    with Writers(mecha, store) as writers:
        for _ in range(rounds):
            writers.wait_for(random.randrange(50, 300))
            time.sleep(random.random() * 0.02)
            mecha.kill()
            mecha.start()
            assert mecha.request("GET", f"/v1.0/state/{store}/nobody").status == 204, "the first request after a restart"
            writers.check(mecha)
        writers.wait_for(50)
    writers.check(mecha)
    assert not writers.refusals, writers.refusals[:3]


class TestCrashOfTheRuntime:
    def test_nothing_acknowledged_by_the_default_store_is_lost(self, tmp_path):
        mecha = Mecha(tmp_path, resources_flag=False)
        with contextlib.closing(_Ending(mecha)):
            crash_and_check(mecha, "statestore")

    def test_nothing_acknowledged_by_redis_is_lost(self, tmp_path, own_redis):
        redis = own_redis("--appendonly", "yes").start()
        mecha = Mecha(tmp_path, resources={"r.yaml": component("redis", "state.redis", {"redisHost": redis.address})})
        with contextlib.closing(_Ending(mecha)):
            crash_and_check(mecha, "redis")

    def test_a_crash_of_redis_loses_nothing_acknowledged_and_heals(self, tmp_path, own_redis):
        redis = own_redis("--appendonly", "yes", "--appendfsync", "always").start()
        resources = {"r.yaml": component("redis", "state.redis", {"redisHost": redis.address})}
        with Mecha(tmp_path, resources=resources) as mecha, Writers(mecha, "redis", 2, 2) as writers:
            for _ in range(2):
                writers.wait_for(random.randrange(20, 150))
                redis.stop()
                wait_until(lambda: writers.refusals, "calls to fail while Redis is away")
                redis.start()
                writers.wait_for(20)
                writers.check(mecha)
                writers.refusals.clear()


class _Ending:
    """Ends a process that was started by hand."""

    def __init__(self, mecha):
        self.mecha = mecha

    def close(self):
        self.mecha.__exit__()


class TestTermination:
    @pytest.fixture
    def held(self):
        """An app whose answers wait until they are released."""
        release = threading.Event()

        def hold(_):
            release.wait(20)
            return 200, b"late"

        with HTTPApp(hold=hold) as app:
            app.release = release
            yield app
            release.set()

    def test_calls_under_way_finish_and_new_ones_are_refused(self, tmp_path, held):
        with Mecha(tmp_path, "--app-port", str(held.port), "--dapr-graceful-shutdown-seconds", "15") as mecha:
            channel = grpc.insecure_channel(f"127.0.0.1:{mecha.grpc_port}")
            idle = mecha.connection()
            idle.request("GET", "/v1.0/healthz")
            idle.getresponse().read()
            with channel, concurrent.futures.ThreadPoolExecutor(20) as pool:
                over_http = [pool.submit(mecha.request, "GET", "/v1.0/invoke/app/method/hold") for _ in range(8)]
                message = common_v1.InvokeRequest(
                    method="hold", http_extension=common_v1.HTTPExtension(verb=common_v1.HTTPExtension.GET))
                over_grpc = [
                    api_service_v1.DaprStub(channel).InvokeService.future(
                        api_v1.InvokeServiceRequest(id="app", message=message), timeout=20) for _ in range(8)]
                wait_until(lambda: len([path for _, path, _ in held.seen if path == "/hold"]) == 16, "all calls to reach the app")
                mecha.signal(signal.SIGTERM)

                def refused():
                    with contextlib.suppress(OSError):
                        socket.create_connection(("127.0.0.1", mecha.http_port), 1).close()
                        return False
                    return True

                wait_until(refused, "new connections to be refused")
                with pytest.raises((OSError, http.client.HTTPException)):
                    idle.request("GET", "/v1.0/healthz")
                    idle.getresponse()
                with grpc.insecure_channel(f"127.0.0.1:{mecha.grpc_port}") as late:
                    with pytest.raises(grpc.RpcError) as failure:
                        api_service_v1.DaprStub(late).GetMetadata(api_v1.GetMetadataRequest(), timeout=10)
                    assert failure.value.code() == grpc.StatusCode.UNAVAILABLE
                assert mecha.process.poll() is None
                held.release.set()
                assert [(call.result().status, call.result().body) for call in over_http] == [(200, b"late")] * 8
                assert [call.result().data.value for call in over_grpc] == [b"late"] * 8
            assert mecha.wait_exit() == 0

    def test_what_does_not_finish_is_cut_off(self, tmp_path, held):
        with Mecha(tmp_path, "--app-port", str(held.port), "--dapr-graceful-shutdown-seconds", "1") as mecha:
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                call = pool.submit(mecha.request, "GET", "/v1.0/invoke/app/method/hold")
                wait_until(lambda: [path for _, path, _ in held.seen if path == "/hold"], "the call to reach the app")
                mecha.signal(signal.SIGTERM)
                assert mecha.wait_exit() == 0
                with pytest.raises((OSError, http.client.HTTPException)):
                    call.result()

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_under_load_no_answer_is_torn_and_nothing_acknowledged_lost(self, tmp_path, number):
        mecha = Mecha(tmp_path, resources_flag=False).start()
        with contextlib.closing(_Ending(mecha)), Writers(mecha, "statestore") as writers:
            writers.wait_for(200)
            mecha.signal(number)
            assert mecha.wait_exit() == 0
            mecha.disconnect()
            mecha.start()
            writers.check(mecha)
            writers.wait_for(50)
        assert not writers.refusals, writers.refusals[:3]


class TestHangingBackend:
    """A component whose server is there and says nothing."""

    @pytest.fixture
    def silent(self):
        """A server that accepts and reads, and never answers."""
        server = socket.create_server(("127.0.0.1", 0), backlog=200)
        kept = []

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    kept.append(server.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.close()
        for connection in kept:
            connection.close()

    def test_calls_fail_in_time_others_go_on_and_memory_is_bounded(self, tmp_path, silent):
        resources = {
            "hanging.yaml": component("hanging", "state.redis", {"redisHost": f"127.0.0.1:{silent}"}),
            "memory.yaml": component("memory", "state.in-memory"),
        }
        with Mecha(tmp_path, resources=resources) as mecha:
            body = json.dumps([{"key": "k", "value": "x" * 60_000}])
            before = mecha.resident_bytes

            def call(number):
                # The clients' patience is the bound: giving up shows as another error.
                if number % 2:
                    answer = mecha.request("POST", "/v1.0/state/hanging", body=body)
                    return answer.status, answer.error
                with pytest.raises(grpc.RpcError) as failure:
                    mecha.stub.GetState(api_v1.GetStateRequest(store_name="hanging", key="k"), timeout=20)
                return failure.value.code()

            with concurrent.futures.ThreadPoolExecutor(100) as pool:
                calls = [pool.submit(call, number) for number in range(1_200)]
                while not all(future.done() for future in calls):
                    assert mecha.request("GET", "/v1.0/state/memory/k").status == 204
                    assert mecha.request("GET", "/v1.0/healthz/outbound").status == 204
            assert {call.result() for call in calls} == {(500, "ERR_STATE_SAVE"), grpc.StatusCode.INTERNAL}
            # Were every body kept, it would be 36 MB more.
            assert mecha.resident_bytes - before < 60 << 20

    def test_a_frozen_server_is_noticed_and_used_again_when_it_thaws(self, tmp_path, own_redis):
        redis = own_redis().start()
        resources = {
            "redis.yaml": component("redis", "state.redis", {"redisHost": redis.address, "readTimeout": "200ms", "dialTimeout": "500ms"}),
            "memory.yaml": component("memory", "state.in-memory"),
        }
        with Mecha(tmp_path, resources=resources) as mecha:
            assert mecha.request("POST", "/v1.0/state/redis", json_body=[{"key": "k", "value": 1}]).status == 204
            redis.process.send_signal(signal.SIGSTOP)
            try:
                with concurrent.futures.ThreadPoolExecutor(32) as pool:
                    answers = list(pool.map(lambda _: mecha.request("GET", "/v1.0/state/redis/k"), range(64)))
                assert {(answer.status, answer.error) for answer in answers} == {(500, "ERR_STATE_GET")}
                assert mecha.request("GET", "/v1.0/state/memory/k").status == 204
            finally:
                redis.process.send_signal(signal.SIGCONT)
            wait_until(lambda: mecha.request("GET", "/v1.0/state/redis/k").status == 200, "Redis to be used again")
            assert mecha.request("GET", "/v1.0/state/redis/k").json == 1


class TestAbsentBackend:
    def test_one_that_is_down_at_start_may_come_later(self, tmp_path, own_redis):
        redis = own_redis()
        resources = {
            "redis.yaml": component("redis", "state.redis", {"redisHost": redis.address}),
            "memory.yaml": component("memory", "state.in-memory"),
        }
        with Mecha(tmp_path, resources=resources) as mecha:
            assert mecha.request("GET", "/v1.0/state/memory/k").status == 204
            answer = mecha.request("GET", "/v1.0/state/redis/k")
            assert (answer.status, answer.error) == (500, "ERR_STATE_GET")
            assert "redis" in {found["name"] for found in mecha.request("GET", "/v1.0/metadata").json["components"]}
            redis.start()

            def saved():
                return mecha.request("POST", "/v1.0/state/redis", json_body=[{"key": "k", "value": 1}]).status == 204

            wait_until(saved, "Redis to be found")
            # Each event loop finds the server by itself.
            wait_until(lambda: mecha.request("GET", "/v1.0/state/redis/k").status == 200, "the other loops to find it")
            assert mecha.request("GET", "/v1.0/state/redis/k").json == 1
            assert mecha.request("GET", "/v1.0/healthz/outbound").status == 204


APP = """
    import http.server, os, sys, threading

    held = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        def do_GET(self):
            if self.path == "/hold":
                print("holding", flush=True)
                held.wait()
            if self.path == "/release":
                held.set()
            body = os.environ["APP_ID"].encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *arguments): pass

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 256

    server = Server(("127.0.0.1", int(os.environ["APP_PORT"])), Handler)
    print("app listens as", os.getpid(), flush=True)
    server.serve_forever()
"""


class TestAppsOfOneProcess:
    @pytest.fixture
    def pair(self, tmp_path):
        """Two apps in one runtime process: the program, and each app's HTTP port."""
        (tmp_path / "home").mkdir()
        (tmp_path / "app.py").write_text(textwrap.dedent(APP))
        ports = {"one": free_port(), "two": free_port()}
        apps = [
            {"appID": name, "appDirPath": ".", "appPort": free_port(), "daprHTTPPort": port, "appMaxConcurrency": 2,
             "command": [sys.executable, "app.py"]} for name, port in ports.items()]
        (tmp_path / "dapr.yaml").write_text(json.dumps({"version": 1, "apps": apps}))
        command = Command(BINARY, tmp_path / "home")
        program = command.start("run", "-f", tmp_path)
        for name, port in ports.items():
            program.wait_for(f"== APP - {name} == app listens")
            # Probed until its port answers; a call that comes too early would fail.
            wait_until(lambda: _call(port, "/v1.0/healthz").status == 204, f"{name} to be ready")
        yield program, ports
        program.end()
        command.close()

    def test_a_crash_of_one_leaves_the_other(self, pair):
        program, ports = pair
        pid = int(program.wait_for("== APP - one == app listens").split()[-1])
        other = []
        ending = threading.Event()

        def call_other():
            while not ending.is_set():
                other.append(_call(ports["two"], "/v1.0/invoke/two/method/x"))

        caller = threading.Thread(target=call_other, daemon=True)
        caller.start()
        os.kill(pid, signal.SIGKILL)
        program.wait_for("The App process exited with error")
        wait_until(lambda: len(other) > 20, "calls of the other app")
        ending.set()
        caller.join(20)
        assert {(answer.status, answer.body) for answer in other} == {(200, b"two")}
        gone = _call(ports["two"], "/v1.0/invoke/one/method/x")
        assert (gone.status, gone.error) == (500, "ERR_DIRECT_INVOKE")
        assert _call(ports["two"], "/v1.0/state/statestore/k").status == 204
        assert program.process.poll() is None

    def test_an_overload_of_one_leaves_the_other(self, pair):
        program, ports = pair
        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            waiting = [pool.submit(_call, ports["one"], "/v1.0/invoke/one/method/hold") for _ in range(100)]
            # Its concurrency of two is used up, and the rest wait.
            program.wait_for("== APP - one == holding", count=2)
            for _ in range(50):
                assert _call(ports["two"], "/v1.0/invoke/two/method/x").body == b"two"
                assert _call(ports["two"], "/v1.0/state/statestore/k").status == 204
            assert _call(ports["one"], "/v1.0/state/statestore/k").status == 204
            assert sum("holding" in line for line in program.out) == 2
            app_port = json.loads(_call(ports["one"], "/v1.0/metadata").body)["appConnectionProperties"]["port"]
            assert _call(app_port, "/release").status == 200
            assert {(call.result().status, call.result().body) for call in waiting} == {(200, b"one")}


def _call(port, path):
    return request(port, "GET", path)
