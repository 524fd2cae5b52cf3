"""Real Mecha processes for the end-to-end tests, and plain ways to talk to them.

A ``Mecha`` is one process with its own folder: resources and logs are there, MECHA_HOME and HOME point
there, so that nothing of the machine leaks in. Requests go through ``http.client``, which sends paths and
headers exactly as they are written here, and through grpcio with the SDK's generated messages.
"""

import contextlib
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

import grpc
from dapr.proto import api_service_v1
from google.rpc import error_details_pb2, status_pb2

BINARY = os.environ.get("MECHA", str(pathlib.Path(__file__).parents[2] / ".build/debug/mecha"))

# Longer than anything takes on a busy machine; a guard against hanging.
PATIENCE_SECONDS = 20

_given_ports = set()


def free_port():
    """A port that nobody listens on, outside the range that the kernel hands to clients."""
    while True:
        port = random.randrange(18_000, 32_000)
        if port in _given_ports:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                _given_ports.add(port)
                return port


def wait_until(condition, what, seconds=PATIENCE_SECONDS, pause=0.02):
    """The first truthy result of ``condition``; fails naming ``what`` when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(pause)


class Answer:
    """An HTTP response, read whole."""

    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.body = body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        """``errorCode`` of an error body."""
        return self.json["errorCode"]

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE_SECONDS)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def request(port, method, path, body=None, headers=None, json_body=None, timeout=PATIENCE_SECONDS):
    """One request on a connection of its own; ``port`` may be the path of a Unix socket."""
    if json_body is not None:
        body = json.dumps(json_body)
        headers = {"content-type": "application/json"} | (headers or {})
    connection = (
        UnixConnection(port) if isinstance(port, (str, pathlib.Path))
        else http.client.HTTPConnection("127.0.0.1", port, timeout=timeout))
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response, response.read())
    finally:
        connection.close()


def status_details(error):
    """The details of a gRPC failure, by message name."""
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    found = {}
    for detail in status.details:
        for kind in (error_details_pb2.ErrorInfo, error_details_pb2.ResourceInfo, error_details_pb2.BadRequest):
            if detail.Is(kind.DESCRIPTOR):
                message = kind()
                detail.Unpack(message)
                found[kind.DESCRIPTOR.name] = message
    return found


class Mecha:
    """One ``mecha`` process. Use it in a ``with`` block: it ends with the block, whatever happens."""

    def __init__(
        self, folder, *flags, app_id="app", resources=None, config=None, env=None, command="serve", arguments=(),
        resources_flag=True, ready_status=204, binary=BINARY,
    ):
        self.folder = pathlib.Path(folder)
        self.app_id = app_id
        self.resources = self.folder / "resources"
        self.resources.mkdir(parents=True, exist_ok=True)
        for name, text in (resources or {}).items():
            self.write(name, text)
        self.flags = list(flags)
        if resources_flag:
            self.flags += ["--resources-path", str(self.resources)]
        if config is not None:
            (self.folder / "config.yaml").write_text(config)
            self.flags += ["--config", str(self.folder / "config.yaml")]
        self.env = env or {}
        # What readiness is answered with: 401 where a pipeline guards even that.
        self.ready_status = ready_status
        # None for a binary whose name says what it is to do.
        self.command = command
        self.binary = binary
        self.arguments = list(arguments)
        self.http_port = free_port()
        self.grpc_port = free_port()
        self.metrics_port = free_port()
        self.internal_port = free_port()
        self.log_path = self.folder / "mecha.log"
        self.process = None
        self._channel = None

    # Files

    def write(self, name, text):
        """Puts a resource file in place in one step, as editors and ConfigMaps do."""
        path = self.resources / name
        temporary = self.folder / f".{name}.new"
        temporary.write_text(text)
        temporary.rename(path)

    def write_config(self, text):
        """Replaces the Configuration in one step."""
        temporary = self.folder / ".config.new"
        temporary.write_text(text)
        temporary.rename(self.folder / "config.yaml")

    # Process

    def command_line(self):
        line = [
            str(self.binary), *([self.command] if self.command else []), "--app-id", self.app_id, "--dapr-http-port",
            str(self.http_port), "--dapr-grpc-port", str(self.grpc_port), "--dapr-internal-grpc-port", str(self.internal_port), "--metrics-port",
            str(self.metrics_port), "--log-level", "debug",
        ]
        return line + self.flags + (["--", *self.arguments] if self.arguments else [])

    def environment(self):
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("DAPR_", "APP_", "MECHA"))}
        return keep | {"HOME": str(self.folder), "MECHA_HOME": str(self.folder / "home")} | self.env

    def launch(self, prepare=None):
        """Starts the process without waiting for it. ``prepare`` runs in the child before the program does."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command_line(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment(),
                cwd=self.folder, preexec_fn=prepare)
        return self

    def start(self, prepare=None):
        self.launch(prepare)
        self.wait_ready()
        return self

    def wait_ready(self, path="/v1.0/healthz/outbound"):
        def ready():
            assert self.process.poll() is None, f"mecha ended with {self.process.returncode}:\n{self.log}"
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.request("GET", path).status == self.ready_status

        try:
            wait_until(ready, f"{path} to answer {self.ready_status}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log}") from None

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """Ends the process as a crash would."""
        self.process.kill()
        self.process.wait()
        self.disconnect()

    def stop(self):
        """Ends the process as an operator would; its exit code."""
        self.disconnect()
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait_exit()

    def wait_exit(self):
        try:
            return self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"mecha did not end:\n{self.log}") from None

    def __enter__(self):
        if self.process is None:
            try:
                self.start()
            except BaseException:
                # The block never begins, and so would never end the process.
                self.__exit__()
                raise
        return self

    def __exit__(self, *_):
        self.disconnect()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    @property
    def resident_bytes(self):
        pages = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    # APIs

    def request(self, method, path, body=None, headers=None, json_body=None, timeout=PATIENCE_SECONDS):
        return request(self.http_port, method, path, body, headers, json_body, timeout)

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=PATIENCE_SECONDS)

    @property
    def channel(self):
        if self._channel is None:
            self._channel = grpc.insecure_channel(f"127.0.0.1:{self.grpc_port}")
        return self._channel

    @property
    def stub(self):
        return api_service_v1.DaprStub(self.channel)

    def disconnect(self):
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def metrics(self):
        """The samples of the Prometheus page: ``{(name, frozenset of label pairs): value}``."""
        return parse_metrics(request(self.metrics_port, "GET", "/metrics").text)


def parse_metrics(text):
    samples = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        series, _, value = line.rpartition(" ")
        name, _, labels = series.partition("{")
        pairs = set()
        rest = labels.rstrip("}")
        while rest:
            label, _, rest = rest.partition('="')
            end = next(i for i, c in enumerate(rest) if c == '"' and (i == 0 or rest[i - 1] != "\\"))
            pairs.add((label, rest[:end]))
            rest = rest[end + 1:].lstrip(",")
        samples[name, frozenset(pairs)] = float(value)
    return samples


def component(name, type, metadata=None, extra=""):
    """The YAML text of a Component; metadata values are texts, or mappings as they stand in YAML."""
    lines = [
        "apiVersion: dapr.io/v1alpha1", "kind: Component", "metadata:", f"  name: {name}", "spec:", f"  type: {type}",
        "  version: v1", "  metadata:",
    ]
    for key, value in (metadata or {}).items():
        lines.append(f"  - name: {key}")
        if isinstance(value, dict):
            lines += [f"    {name}: {json.dumps(content)}" for name, content in value.items()]
        else:
            lines.append(f"    value: {json.dumps(str(value))}")
    if not metadata:
        lines[-1] = "  metadata: []"
    return "\n".join(lines) + "\n" + extra


def configuration(**spec):
    """The text of a Configuration; JSON is YAML."""
    return json.dumps(
        {"apiVersion": "dapr.io/v1alpha1", "kind": "Configuration", "metadata": {"name": "settings"}, "spec": spec})
