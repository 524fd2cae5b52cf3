"""Functions: CPU time per request as ratios, how soon they answer, and what a thousand of them keep."""

import http.client
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

from measuring import FLOORS, MECHA, REQUESTS, Mecha, Server, component, cpu_seconds, envoy_configuration, envoy_program, free_port
from measuring import load, microseconds_per_request, report, resident_mib, wait_for

SOURCES = pathlib.Path("Benchmarks/guests")
ENGINE = pathlib.Path(".build/wasmtime/libwasmtime.so").resolve()
COLD_FUNCTIONS, FUNCTIONS, SPREAD_REQUESTS = 40, 1_000, 10_000


def build(home, name, source, *flags):
    path = pathlib.Path(home, f"{name}.wasm")
    subprocess.run(
        ["clang", "--target=wasm32-unknown-unknown", "-O2", "-nostdlib", "-Wl,--no-entry", "-Wl,--strip-all", "-Iguests/c", *flags,
         "-o", str(path), str(SOURCES / source)], check=True)
    return path


def build_many(home, count):
    """Modules that differ in content: the compiler runs once, and each gets a number of its own."""
    template = build(home, "template", "answer.c", "-DNUMBER=99999").read_bytes()
    assert template.count(b"99999") == 1
    for number in range(count):
        pathlib.Path(home, f"f{number}.wasm").write_bytes(template.replace(b"99999", b"%05d" % number))


def declared(name, file, isolation="reused", grants=None):
    scaling = {"isolation": isolation}
    return (
        f"apiVersion: mecha.io/v1alpha1\nkind: Function\nmetadata: {{name: {name}}}\nspec:\n"
        f"  source: {{file: {file}}}\n  grants: {json.dumps(grants or {})}\n  scaling: {json.dumps(scaling)}\n"
        "  limits: {concurrency: 1000, queue: 10000}\n")


class Functions(Mecha):
    def __init__(self, home, *arguments, resources):
        os.environ["MECHA_WASMTIME"] = str(ENGINE)
        self.port, self.home = free_port(), home
        super().__init__(home, "--functions-port", self.port, *arguments, resources=resources)

    def until_answers(self, path, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            try:
                status, body = self.get(path)
                if status == 200:
                    return body
            except OSError:
                pass
            if time.monotonic() > deadline:
                raise SystemExit(f"{path} was not answered within {seconds} s")
            time.sleep(0.005)

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def answers(home):
    """A small function that answers at once, reused and fresh, beside a plain server."""
    module = build(home, "answer", "answer.c")
    port = free_port()
    with Server(FLOORS, "http1", port, len("hello from 0")) as floor:
        wait_for(port)
        plain = microseconds_per_request(floor.pid, f"http://127.0.0.1:{port}/", "--h1")
    resources = "---\n".join(declared(name, module, name) for name in ("reused", "fresh"))
    with Functions(home, resources=resources) as mecha:
        for name, bar in (("reused", 1.4), ("fresh", 2.0)):
            mecha.until_answers(f"/{name}")
            ours = microseconds_per_request(mecha.pid, f"http://127.0.0.1:{mecha.port}/{name}", "--h1")
            report(f"function, {name} instance / plain NIO", ours, plain, bar)


def envoy_with(module, port):
    kind = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"
    wasm = {"name": "envoy.filters.http.wasm", "typed_config": {"@type": kind, "config": {"name": "local", "root_id": "", "vm_config": {
        "vm_id": "local", "runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": str(module)}}}}}}
    return envoy_configuration(port, {"direct_response": {"status": 404}}, [wasm])


def filters(home):
    """A proxy-wasm module that answers itself, in Mecha and in Envoy."""
    module = build(home, "local", "local.c")
    with Functions(home, resources=declared("local", module)) as mecha:
        mecha.until_answers("/local")
        ours = microseconds_per_request(mecha.pid, f"http://127.0.0.1:{mecha.port}/local", "--h1")
    envoy = envoy_program()
    if not envoy:
        return print(f"proxy-wasm module: {ours:.2f} us; Envoy is not installed")
    port = free_port()
    file = pathlib.Path(home, "envoy.json")
    file.write_text(envoy_with(module, port))
    with Server(envoy, "-c", file, "--concurrency", "1", "--use-dynamic-base-id", "-l", "off") as peer:
        wait_for(port, 20)
        theirs = microseconds_per_request(peer.pid, f"http://127.0.0.1:{port}/local", "--h1")
    report("proxy-wasm module that answers / Envoy", ours, theirs, 0.6)


def redis_read(home):
    """One key of Redis, 200 requests in flight: through a function and through the state API."""
    module, redis_port = build(home, "read", "read.c"), free_port()
    in_flight = ["--h1", "-c", "200"]
    with Server("redis-server", "--port", redis_port, "--save", "", "--dir", home, "--bind", "127.0.0.1"):
        wait_for(redis_port)
        resources = component("state.redis", redisHost=f"127.0.0.1:{redis_port}", keyPrefix="name")
        resources += "---\n" + declared("read", module, grants={"state": ["store"]})
        with Functions(home, resources=resources) as mecha:
            mecha.save("key", "v" * 100)
            mecha.until_answers("/read")
            function = microseconds_per_request(mecha.pid, f"http://127.0.0.1:{mecha.port}/read", *in_flight)
            api = microseconds_per_request(mecha.pid, f"http://127.0.0.1:{mecha.http}/v1.0/state/store/key", *in_flight)
    report("function that reads Redis / state API", function, api, 1.5)


def cold_starts(home):
    """First answers of functions of which nothing is resident; the code is on disk from the run before."""
    build_many(home, COLD_FUNCTIONS)
    resources = "---\n".join(declared(f"f{number}", f"{home}/f{number}.wasm") for number in range(COLD_FUNCTIONS))
    for _ in range(2):
        with Functions(home, resources=resources) as mecha:
            # The first opens the engine; it is told apart.
            mecha.until_answers("/f0")
            taken = []
            for number in range(1, COLD_FUNCTIONS):
                started = time.perf_counter()
                mecha.until_answers(f"/f{number}")
                taken.append((time.perf_counter() - started) * 1000)
    print(f"{'cold start, compiled code on disk, median':46} {statistics.median(taken):7.2f} ms  (at most 3)", flush=True)


def thousand(home):
    build_many(home, FUNCTIONS)
    with Functions(home, resources=component("state.in-memory")) as mecha:
        time.sleep(2)
        without = resident_mib(mecha.pid)
    resources = "---\n".join(declared(f"f{number}", f"{home}/f{number}.wasm", "fresh") for number in range(FUNCTIONS))
    started = time.monotonic()
    with Functions(home, resources=resources) as mecha:
        for number in range(FUNCTIONS):
            mecha.until_answers(f"/f{number}")
        ready = time.monotonic() - started
        time.sleep(2)
        idle = resident_mib(mecha.pid)
        urls = pathlib.Path(home, "urls")
        urls.write_text("".join(f"http://127.0.0.1:{mecha.port}/f{number}\n" for number in range(FUNCTIONS)))
        before = cpu_seconds(mecha.pid)
        spread(urls)
        cost = (cpu_seconds(mecha.pid) - before) / SPREAD_REQUESTS * 1e6
        used = resident_mib(mecha.pid)
    print(f"{'1,000 functions, idle, above none':46} {idle - without:7.1f} MiB (at most 60), ready after {ready:.1f} s")
    print(f"{'  10,000 requests spread over them':46} {cost:7.2f} us each, then {used - without:.1f} MiB", flush=True)


def spread(urls):
    result = subprocess.run(
        ["h2load", "--h1", "-n", str(SPREAD_REQUESTS), "-c", "64", "-t", "1", "-i", str(urls)], capture_output=True, text=True, check=True)
    if f"{SPREAD_REQUESTS} succeeded" not in result.stdout:
        raise SystemExit(f"requests to a thousand functions failed:\n{result.stdout}")


def deployment(home):
    """From the command to the first answer of the new revision, for a module of about 300 KB."""
    modules = [build(home, f"big{number}", "answer.c", f"-DNUMBER={number}", "-DBALLAST", "-Wl,--no-gc-sections") for number in range(6)]
    with Functions(home, resources=component("state.in-memory")) as mecha:
        taken = []
        for number, module in enumerate(modules):
            started = time.perf_counter()
            subprocess.run([MECHA, "fn", "deploy", "big", module], check=True, capture_output=True, env={**os.environ, "MECHA_HOME": home})
            while mecha.until_answers("/big") != b"hello from %d" % number:
                time.sleep(0.002)
            taken.append((time.perf_counter() - started) * 1000)
    size = modules[0].stat().st_size / 1024
    print(f"{f'deploy of {size:.0f} KiB until it answers, median':46} {statistics.median(taken[1:]):7.1f} ms  (at most 300)", flush=True)


def main():
    if not ENGINE.exists():
        return print("functions: not measured, the engine is not there (make build fetches it)")
    for part in (answers, filters, redis_read, cold_starts, thousand, deployment):
        with tempfile.TemporaryDirectory() as home:
            part(home)


main()
