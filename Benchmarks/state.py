"""State: CPU time per request as ratios. Each server runs alone, is warmed up, and then serves a counted number of
requests from 64 keep-alive connections of h2load."""

import pathlib
import subprocess
import tempfile

from measuring import FLOORS, REQUESTS, Mecha, Server, component, cpu_seconds, free_port, grpc_frame, microseconds_per_request
from measuring import report, wait_for


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
                ours = (cpu_seconds(server.pid) - before) / REQUESTS / 1.1 * 1e6
                before = cpu_seconds(server.pid)
                direct = ["redis-benchmark", "-p", redis_port, "-c", 64, "-n", REQUESTS, "-q", "HGETALL", "bench||key"]
                subprocess.run([str(word) for word in direct], check=True, stdout=subprocess.DEVNULL)
                theirs = (cpu_seconds(server.pid) - before) / REQUESTS * 1e6
                print(f"{'  Redis itself / for 64 direct clients':46} {ours:7.2f} us  {theirs:7.2f} us", flush=True)


main()
