"""Every flag of the reference's command line (section 3 of the Dapr surface), given to the binary under Dapr's names: it is
taken, and does what it says where that can be seen from outside."""

import json
import pathlib
import signal
import tempfile

import pytest
from apps import HTTPApp
from programs import Command
from runtime import BINARY, Mecha, component, free_port, parse_metrics, request, wait_until


@pytest.fixture
def linked(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    commands = []

    def link(name):
        path = tmp_path / name
        path.symlink_to(pathlib.Path(BINARY).resolve())
        commands.append(Command(path, home))
        return commands[-1]

    yield link
    for command in commands:
        command.close()


def resources(folder):
    folder.mkdir()
    (folder / "memory.yaml").write_text(component("memory", "state.in-memory"))
    return str(folder)


def config(path):
    path.write_text(json.dumps({"apiVersion": "dapr.io/v1alpha1", "kind": "Configuration", "metadata": {"name": "c"}, "spec": {}}))
    return str(path)


# Flags without which the others have no meaning come with them.
RUN = {
    "app-id": ("-a", ["x"]), "app-port": ("-p", ["{port}"]), "app-protocol": ("-P", ["http"]), "dapr-http-port": ("-H", ["{port}"]),
    "dapr-grpc-port": ("-G", ["{port}"]), "dapr-internal-grpc-port": ("-I", ["{port}"]), "metrics-port": ("-M", ["{port}"]),
    "profile-port": (None, ["{port}"]), "enable-profiling": (None, []), "config": ("-c", ["{config}"]),
    "resources-path": (None, ["{resources}"]), "components-path": ("-d", ["{resources}"]), "log-level": (None, ["debug"]),
    "app-max-concurrency": (None, ["5"]), "max-body-size": (None, ["8Mi"]), "read-buffer-size": (None, ["16Ki"]),
    "unix-domain-socket": ("-u", ["{folder}"]), "enable-app-health-check": (None, []), "app-health-check-path": (None, ["/alive"]),
    "app-health-probe-interval": (None, ["7"]), "app-health-probe-timeout": (None, ["900"]), "app-health-threshold": (None, ["5"]),
    "enable-api-logging": (None, []), "dapr-listen-addresses": (None, ["127.0.0.1"]), "app-channel-address": (None, ["127.0.0.1"]),
    "placement-host-address": (None, ["localhost:50005"]), "scheduler-host-address": (None, ["localhost:50006"]),
    "runtime-path": (None, ["{folder}"]), "log-as-json": (None, []), "app-ssl": (None, []), "dapr-http-max-request-size": (None, ["8"]),
    "dapr-http-read-buffer-size": (None, ["8"]),
}
SHORT = {name: short for name, (short, _) in RUN.items() if short}


@pytest.fixture
def fill(tmp_path):
    """Puts values into the places of a row."""
    # The path of a Unix socket is short.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        given = {"folder": folder, "resources": resources(tmp_path / "resources"), "config": config(tmp_path / "config.yaml")}
        yield lambda words: [word.format(port=free_port(), **given) for word in words]


@pytest.mark.parametrize("form", ["--flag value", "--flag=value", "short"])
@pytest.mark.parametrize("name", RUN)
def test_dapr_run_takes(linked, fill, name, form):
    short, value = RUN[name]
    if form == "short" and not short or form == "--flag=value" and not value:
        pytest.skip("has no such form")
    value = fill(value)
    words = {"short": [short, *value], "--flag value": [f"--{name}", *value], "--flag=value": [f"--{name}={''.join(value)}"]}[form]
    # Without a port of its own to wait for, the app is started when the runtime is up, and ends it.
    with HTTPApp(port=int(value[0]) if name == "app-port" else 0):
        program = linked("dapr").start("run", *(["--app-id", "x"] if name != "app-id" else []), *words, "--", "sh", "-c", "echo it runs")
        program.wait_for("it runs")
        assert program.wait() == 0, program.text


DAPRD = {
    "app-port": ["{app}"], "app-protocol": ["http"], "app-channel-address": ["127.0.0.1"], "dapr-internal-grpc-port": ["{port}"],
    "dapr-internal-grpc-listen-address": ["127.0.0.1"], "dapr-listen-addresses": ["127.0.0.1"], "dapr-public-port": ["{public}"],
    "dapr-public-listen-address": ["127.0.0.1"], "metrics-port": ["{metrics}"], "metrics-listen-address": ["127.0.0.1"],
    "enable-metrics": [], "profile-port": ["{port}"], "enable-profiling": [], "resources-path": ["{resources}"],
    "config": ["{config}"], "mode": ["standalone"], "placement-host-address": ["localhost:1"], "scheduler-host-address": ["localhost:2"],
    "scheduler-job-streams": ["3"], "actors-disseminate-timeout": ["30s"], "control-plane-address": ["x:1"], "sentry-address": ["x:1"],
    "control-plane-trust-domain": ["localhost"], "control-plane-namespace": ["default"], "sentry-request-jwt-audiences": ["a,b"],
    "max-body-size": ["1Ki"], "read-buffer-size": ["16Ki"], "app-max-concurrency": ["-1"], "dapr-graceful-shutdown-seconds": ["1"],
    "enable-app-health-check": [], "app-health-check-path": ["/alive"], "app-health-probe-interval": ["1"],
    "app-health-probe-timeout": ["900"], "app-health-threshold": ["2"], "app-binding-options-timeout": ["3s"],
    "disable-init-endpoints": ["config,subscribe"], "enable-api-logging": [], "disable-builtin-k8s-secret-store": [],
    "hot-reload-reconcile-interval": ["60s"], "allowed-origins": ["https://one.example"], "log-level": ["debug"], "log-as-json": [],
    "log-file": ["{log}"], "reminders-service": ["x"], "actors-service": ["x"],
}


@pytest.mark.parametrize("form", ["-flag value", "--flag value", "-flag=value", "--flag=value"])
def test_daprd_takes_all_flags_at_once(linked, fill, tmp_path, form):
    public, metrics, http_port, log_path = free_port(), free_port(), free_port(), tmp_path / "log.txt"
    with HTTPApp(subscribe=lambda _: (200, b"[]")) as app:
        rows = {name: [word.replace("{app}", str(app.port)).replace("{public}", str(public)).replace("{metrics}", str(metrics)).replace("{log}", str(log_path))
                       for word in value] for name, value in DAPRD.items()}
        rows |= {"app-id": ["x"], "dapr-http-port": [str(http_port)], "dapr-grpc-port": ["{port}"]}
        dash, _, after = form.partition("flag")
        words = []
        for name, value in rows.items():
            value = fill(value)
            if after == "=value":
                words.append(f"{dash}{name}={value[0] if value else 'true'}")
            else:
                words += [dash + name, *value]
        program = linked("daprd").start(*words)

        def ready():
            assert program.process.poll() is None, program.text
            try:
                return request(http_port, "GET", "/v1.0/healthz").status == 204
            except OSError:
                return False

        wait_until(ready, "the runtime to be ready")
        # What can be seen from outside.
        metadata = request(http_port, "GET", "/v1.0/metadata").json
        assert metadata["id"] == "x"
        assert metadata["appConnectionProperties"] == {
            "port": app.port, "protocol": "http", "channelAddress": "127.0.0.1",
            "health": {"healthCheckPath": "/alive", "healthProbeInterval": "1s", "healthProbeTimeout": "900ms", "healthThreshold": 2},
        } | ({"maxConcurrency": -1} if "maxConcurrency" in metadata["appConnectionProperties"] else {})
        assert [c["name"] for c in metadata["components"]] == ["memory"]
        assert request(public, "GET", "/v1.0/healthz").status == 204
        assert parse_metrics(request(metrics, "GET", "/metrics").text)
        assert request(http_port, "POST", "/v1.0/state/memory", body=json.dumps([{"key": "k", "value": "x" * 2000}])).status == 413
        answer = request(http_port, "GET", "/v1.0/metadata", headers={"origin": "https://one.example"})
        assert answer.headers["access-control-allow-origin"] == "https://one.example"
        assert any(path == "/alive" for _, path, _ in app.seen)
        log = log_path.read_text()
        assert all(isinstance(json.loads(line), dict) for line in log.splitlines())
        assert "/v1.0/metadata" in log or "GetMetadata" in log
        assert program.end(signal.SIGTERM) == 0


@pytest.mark.parametrize(["words", "reason"], [
    (["--enable-mtls"], "mTLS"), (["--mode", "kubernetes"], "kubernetes"), (["--app-protocol", "smoke"], "smoke"),
    (["--max-body-size", "much"], "much"), (["--dapr-http-port", "70000"], "70000"), (["--log-level", "loud"], "loud"),
    (["--disable-init-endpoints", "all"], "all"), (["--dapr-block-shutdown-duration", "long"], "long"),
])
def test_daprd_says_what_it_does_not_take(linked, words, reason):
    answer = linked("daprd").call("--app-id", "x", *words)
    assert answer.returncode != 0
    assert reason in answer.stderr and len(answer.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [
    ["--slim"], ["-s"], ["--redis-stack"], ["--scheduler-placement"], ["--runtime-version", "1.15.0"], ["--image-registry", "ghcr.io/x"],
    ["--image-variant", "mariner"], ["--network", "n"], ["--container-runtime", "podman"], ["--from-dir", "somewhere"],
    ["--dashboard-version", "1"], ["--enable-ha"], ["--enable-mtls=false"], ["--wait"], ["--timeout", "300"], ["--set", "a=b"],
    ["-n", "dapr-system"], ["--namespace=dapr-system"], ["--scheduler-volume", "v"],
    ["--scheduler-override-broadcast-host-port", "localhost:50006"], ["--dev"],
], ids=" ".join)
def test_dapr_init_takes(linked, words):
    answer = linked("dapr").call("init", *words)
    assert answer.returncode == 0 and "Success!" in answer.stdout + answer.stderr, answer.stderr


def test_a_folder_whose_sockets_nobody_could_reach(linked, tmp_path):
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    answer = linked("dapr").call("run", "--app-id", "x", "--unix-domain-socket", folder, "--", "true")
    assert answer.returncode == 1 and "choose another folder" in answer.stdout + answer.stderr


@pytest.mark.parametrize("words", [
    ["list", "--all-namespaces"], ["list", "-A"], ["list", "-n", "default", "-o", "json"], ["list", "--namespace", "default"],
    ["uninstall", "--all", "--network", "n", "--container-runtime", "docker"], ["uninstall", "--timeout", "10", "-n", "x", "--dev"],
    ["components", "list", "-A"], ["configurations", "--all-namespaces", "--namespace", "x"], ["version", "-o", "json"],
    ["version", "--output=yaml"], ["completion", "bash"], ["completion", "zsh"], ["--version"], ["--help"], ["run", "--help"],
    ["list", "--log-as-json"], ["list", "--runtime-path", "/tmp"],
], ids=" ".join)
def test_other_commands_take(linked, words):
    answer = linked("dapr").call(*words)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("words", [
    ["init", "-k"], ["uninstall", "--kubernetes"], ["list", "-k"], ["run", "-f", "x", "-k"], ["stop", "-k", "-a", "x"],
    ["components", "list", "-k"], ["configurations", "-k"],
], ids=" ".join)
def test_a_cluster_is_refused_with_the_reason(linked, words):
    answer = linked("dapr").call(*words)
    assert answer.returncode == 1
    assert "Kubernetes" in answer.stderr and len(answer.stderr.splitlines()) == 1


def test_daprd_needs_an_app_id(linked):
    answer = linked("daprd").call()
    assert answer.returncode == 1 and "give --app-id" in answer.stderr
