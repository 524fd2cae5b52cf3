"""What every measurement needs: servers with one event loop that run alone, a counted load, and the user and
system time of a process from /proc. Wall-clock time is not used for ratios."""


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

BIN = pathlib.Path(os.environ.get("BIN", ".build/release"))
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
        self.http, self.grpc, self.metrics = free_port(), free_port(), free_port()
        command = [MECHA, "serve", "--app-id", "bench", "--dapr-http-port", self.http, "--dapr-grpc-port", self.grpc]
        command += ["--metrics-port", self.metrics, "--log-level", "error", "--event-loops", "1", *arguments]
        if resources:
            folder = pathlib.Path(home, "resources")
            folder.mkdir(exist_ok=True)
            (folder / "resources.yaml").write_text(resources)
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


def component(kind, name="store", **metadata):
    rows = "".join(f"\n    - name: {k}\n      value: \"{v}\"" for k, v in metadata.items())
    return (
        f"apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: {kind}\n  version: v1\n"
        f"  metadata:{rows or ' []'}\n"
    )


def grpc_frame(*fields):
    """A gRPC message of text fields, numbered from 1; None leaves a number out."""

    def field(number, text):
        data = text.encode()
        return bytes([number << 3 | 2, len(data)]) + data

    message = b"".join(field(number, text) for number, text in enumerate(fields, 1) if text is not None)
    return b"\0" + struct.pack(">I", len(message)) + message


def envoy_program():
    """Envoy itself, or None: what stands in the environment's bin is a script that starts it."""
    return next((str(p) for p in pathlib.Path(".build/venv").rglob("_bin/envoy")), None) or shutil.which("envoy")


def envoy_configuration(port, action, filters=(), clusters=()):
    """One listener, whose every request takes ``action`` of a route after the ``filters``."""
    kinds = "type.googleapis.com/envoy.extensions.filters"
    router = {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{kinds}.http.router.v3.Router"}}
    manager = {
        "@type": f"{kinds}.network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "x",
        "route_config": {"virtual_hosts": [{"name": "x", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, **action}]}]},
        "http_filters": [*filters, router]}
    return json.dumps({"static_resources": {
        "listeners": [{"address": envoy_address(port), "filter_chains": [{"filters": [
            {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}]}],
        "clusters": list(clusters)}})


def envoy_address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def report(name, ours, floor, bar):
    ratio = ours / floor
    judgement = "" if bar is None else f"  (at most {bar:.2f} x){'' if ratio <= bar else '  MISSED'}"
    print(f"{name:46} {ours:7.2f} us  {floor:7.2f} us  {ratio:5.2f} x{judgement}", flush=True)
