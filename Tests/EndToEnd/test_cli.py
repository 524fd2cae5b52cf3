"""The command line from outside: what it prints, what it starts, and that it leaves nothing behind."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request

import pytest

from programs import Command
from runtime import BINARY, PATIENCE_SECONDS, free_port, wait_until


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def mecha(home):
    command = Command(BINARY, home)
    yield command
    command.close()


@pytest.fixture
def linked(home, tmp_path):
    """Makes the binary known under another name."""
    commands = []

    def link(name):
        path = tmp_path / name
        path.symlink_to(pathlib.Path(BINARY).resolve())
        commands.append(Command(path, home))
        return commands[-1]

    yield link
    for command in commands:
        command.close()


# Helpers


def http(port, path, method="GET", body=None, headers=None):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", method=method, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def ports_of(program):
    line = program.wait_for("HTTP Port: ")
    found = re.search(r"HTTP Port: (\d+)\. gRPC Port: (\d+)", line)
    return int(found[1]), int(found[2])


def is_running(pid):
    """A process that has ended but was not collected by its parent does not run."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def printed_number(program, name):
    """The number that the app prints as `name=...` on a line of its own."""
    wait_until(lambda: any(re.fullmatch(rf"{name}=\d+", line) for line in program.out), f"the app to print {name}")
    return next(int(line.split("=")[1]) for line in program.out if re.fullmatch(rf"{name}=\d+", line))


def script(folder, name, text):
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return path


ECHO_APP = """
    import http.server, os, sys

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status = 404 if self.path.startswith("/missing") else 200
            self.send_response(status)
            text = f"{self.command} {self.path} {body.decode()}".encode()
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
        do_GET = do_POST = do_PUT = do_DELETE = answer
        def log_message(self, *arguments): pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["APP_PORT"])), Handler)
    print("app listens", flush=True)
    server.serve_forever()
"""


# run: one app


def test_marker_lines_come_in_order(mecha):
    run = mecha.call("run", "--app-id", "orders", "--", "sh", "-c", "echo from the app")
    assert run.returncode == 0, run.stderr
    markers = [
        "Starting Dapr with id orders. HTTP Port: ", "Checking if Dapr sidecar is listening on HTTP port ",
        "Checking if Dapr sidecar is listening on GRPC port ", "Dapr sidecar is up and running.", "Updating metadata for appPID: ",
        "Updating metadata for app command: sh -c echo from the app",
        "You're up and running! Both Dapr and your app logs will appear here.", "Exited App successfully",
        "terminated signal received: shutting down", "Exited Dapr successfully",
    ]
    places = [run.stdout.find(marker) for marker in markers]
    assert -1 not in places, (markers[places.index(-1)], run.stdout)
    assert places == sorted(places), run.stdout
    assert "from the app" in run.stdout


def test_flags_and_a_positional_command_may_be_mixed(mecha, tmp_path):
    script(tmp_path, "app.py", "import os; print('id', os.environ['APP_ID'], 'port', os.environ['APP_PORT'])")
    run = mecha.call("run", "--app-id", "pythonapp", sys.executable, "app.py", "--app-port", "5000", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "id pythonapp port 5000" in run.stdout


def test_the_app_finds_its_runtime(mecha):
    code = (
        "import os, urllib.request as u;"
        "print('health', u.urlopen(f\"http://127.0.0.1:{os.environ['DAPR_HTTP_PORT']}/v1.0/healthz/outbound\").status);"
        "print(os.environ['DAPR_GRPC_PORT'], os.environ['DAPR_METRICS_PORT'], os.environ['APP_PROTOCOL'])")
    run = mecha.call("run", "--app-id", "x", "--", sys.executable, "-c", code)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "health 204" in run.stdout


def test_the_app_inherits_standard_input_and_both_outputs(mecha):
    run = mecha.call("run", "--app-id", "x", "--", "sh", "-c", "read line; echo got $line; echo oops >&2", stdin="hello\n")
    assert "got hello" in run.stdout
    assert run.stderr == "oops\n" and "oops" not in run.stdout.splitlines()


def test_an_app_without_id_gets_one(mecha):
    run = mecha.call("run", "--", "sh", "-c", "echo id=$APP_ID")
    assert re.search(r"id=[a-z]+-[a-z]+-\d{3}", run.stdout)


def test_a_failing_app_fails_the_run(mecha):
    run = mecha.call("run", "--app-id", "x", "--", "sh", "-c", "exit 3")
    assert run.returncode == 1
    assert "The App process exited with error code: exit status 3" in run.stderr
    assert "Error exiting App: exit status 3" in run.stderr


def test_an_app_killed_by_a_signal_fails_the_run(mecha):
    run = mecha.call("run", "--app-id", "x", "--", "sh", "-c", "kill -SEGV $$")
    assert run.returncode == 1
    assert "Error exiting App: signal: segmentation fault" in run.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_with_code_0(mecha, number):
    program = mecha.start("run", "--app-id", "x", "--", "sh", "-c", "sleep 600 & echo child=$!; wait")
    child = printed_number(program, "child")
    program.wait_for("You're up and running!")
    assert program.end(number) == 0
    dapr, app = program.text.find("Exited Dapr successfully"), program.text.find("Exited App successfully")
    assert -1 < dapr < app, program.text
    assert not is_running(child)


def test_the_app_can_use_its_runtime_while_it_ends(mecha, tmp_path):
    path = script(tmp_path, "app.py", """
        import os, signal, sys, urllib.request
        url = f"http://127.0.0.1:{os.environ['DAPR_HTTP_PORT']}/v1.0/metadata"
        def end(*_):
            print("last words", urllib.request.urlopen(url).status, flush=True)
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        print("ready", flush=True)
        signal.pause()
    """)
    program = mecha.start("run", "--app-id", "x", "--", sys.executable, path)
    program.wait_for("ready")
    assert program.end() == 0
    assert "last words 200" in program.text


def test_an_app_that_ignores_sigterm_is_killed_and_at_once_when_asked_twice(mecha):
    command = ("--", "sh", "-c", "trap '' TERM INT; echo pid=$$; while :; do sleep 600; done")
    patient, hurried = mecha.start("run", "--app-id", "x", *command), mecha.start("run", "--app-id", "y", *command)
    apps = {program: printed_number(program, "pid") for program in (patient, hurried)}
    for program in apps:
        program.wait_for("You're up and running!")
        program.process.send_signal(signal.SIGTERM)
        program.wait_for("terminated signal received: shutting down")
    assert hurried.end(signal.SIGINT) == 0
    wait_until(lambda: not is_running(apps[hurried]), "the app of the second signal is gone")
    assert is_running(apps[patient])
    assert patient.wait() == 0
    assert not is_running(apps[patient])


def test_nothing_is_left_when_mecha_itself_is_killed(mecha):
    program = mecha.start("run", "--app-id", "x", "--", "sh", "-c", "sleep 600 & echo app=$$; echo child=$!; echo guard=$PPID; wait")
    pids = [printed_number(program, name) for name in ("app", "child", "guard")]
    assert all(map(is_running, pids))
    program.process.kill()
    wait_until(lambda: not any(map(is_running, pids)), "the app, its child and its guard are gone")


def test_a_command_that_does_not_exist_is_one_line(mecha):
    run = mecha.call("run", "--app-id", "x", "--", "no-such-program")
    assert run.returncode == 1
    assert "Cannot start 'no-such-program': No such file or directory" in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_metadata_names_the_processes(mecha):
    program = mecha.start("run", "--app-id", "x", "--", "sleep", "600")
    port, _ = ports_of(program)
    app = program.wait_for("Updating metadata for appPID: ").rsplit(" ", 1)[1]
    program.wait_for("You're up and running!")
    extended = json.loads(http(port, "/v1.0/metadata")[1])["extended"]
    assert extended["cliPID"] == str(program.pid)
    assert extended["appPID"] == app
    assert extended["appCommand"] == "sleep 600"
    assert program.end() == 0


def test_without_a_command_only_the_runtime_runs(mecha):
    program = mecha.start("run", "--app-id", "alone")
    program.wait_for("WARNING: no application command found.")
    port, grpc = ports_of(program)
    program.wait_for("You're up and running! Dapr logs will appear here.")
    assert port != grpc
    assert http(port, "/v1.0/healthz/outbound")[0] == 204
    assert program.end() == 0


def test_a_port_in_use_is_one_line_with_a_hint(mecha):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = mecha.call("run", "--app-id", "x", "--dapr-http-port", port, "--", "true")
    assert run.returncode == 1
    lines = run.stderr.splitlines()
    assert len(lines) == 1, run.stderr
    assert str(port) in lines[0] and "(" in lines[0]


def test_a_shutdown_through_the_api_ends_the_run(mecha):
    program = mecha.start("run", "--app-id", "x", "--", "sleep", "600")
    port, _ = ports_of(program)
    program.wait_for("You're up and running!")
    assert http(port, "/v1.0/shutdown", "POST", b"")[0] == 204
    assert program.wait() == 0


def test_a_forced_shutdown_ends_with_code_1(mecha):
    program = mecha.start("run", "--app-id", "x", "--", "sh", "-c", "echo pid=$$; exec sleep 600")
    port, _ = ports_of(program)
    app = printed_number(program, "pid")
    program.wait_for("You're up and running!")
    assert http(port, "/v1.0/shutdown", "POST", b"", {"dapr-force-shutdown": "true"})[0] == 204
    assert program.wait() == 1
    wait_until(lambda: not is_running(app), "the app is gone")


def test_unix_sockets_replace_the_ports(mecha, tmp_path):
    # Paths of sockets are short (108 bytes), those of pytest are not.
    folder = subprocess.check_output(["mktemp", "-d"], text=True).strip()
    program = mecha.start("run", "--app-id", "x", "-u", folder)
    program.wait_for(f"HTTP Socket: {folder}/dapr-x-http.socket. gRPC Socket: {folder}/dapr-x-grpc.socket")
    program.wait_for("You're up and running!")
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(f"{folder}/dapr-x-http.socket")
        s.sendall(b"GET /v1.0/healthz/outbound HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        assert b" 204 " in s.recv(200)
    assert program.end() == 0
    subprocess.run(["rm", "-rf", folder])


# run -f


@pytest.fixture
def shop(tmp_path):
    """Two apps that print, one with a web server."""
    folder = tmp_path / "shop"
    for name in ("front", "back"):
        (folder / name).mkdir(parents=True)
    script(folder / "back", "app.py", ECHO_APP)
    script(folder / "front", "app.sh", """
        echo "front is $APP_ID in $COLOR"
        echo "metrics=$DAPR_METRICS_PORT"
        trap 'exit 0' TERM
        sleep 600 & wait
    """)
    back = free_port()
    (folder / "dapr.yaml").write_text(textwrap.dedent(f"""
        version: 1
        name: shop
        common:
          env: {{COLOR: blue}}
        apps:
        - appID: back
          appDirPath: ./back
          appPort: {back}
          command: ["{sys.executable}", "app.py"]
        - appDirPath: ./front
          command: ["sh", "app.sh"]
    """))
    return folder


def test_a_template_runs_all_apps_in_one_process(mecha, shop):
    program = mecha.start("run", "-f", ".", cwd=shop)
    program.wait_for("== APP - back == app listens")
    program.wait_for("== APP - front == front is front in blue")
    program.wait_for("Writing log files to directory", count=2)
    talk = [line for line in program.out if not line.startswith("== ")]
    for line, part in zip(talk, [
        'Validating config and starting app "back"', 'Started Dapr with app id "back". HTTP Port: ',
        f"Writing log files to directory : {shop}/back/.dapr/logs", 'Validating config and starting app "front"',
        'Started Dapr with app id "front". HTTP Port: ', f"Writing log files to directory : {shop}/front/.dapr/logs",
    ]):
        assert part in line, program.text
    wait_until(lambda: len(json.loads(mecha.call("list", "-o", "json").stdout)) == 2, "both are listed")
    back, front = json.loads(mecha.call("list", "-o", "json").stdout)
    assert back["daprdPid"] == front["daprdPid"] == program.pid
    assert back["runTemplatePath"] == str(shop / "dapr.yaml") and back["runTemplateName"] == "shop"
    assert len({back["httpPort"], front["httpPort"], back["grpcPort"], front["grpcPort"]}) == 4
    assert program.end() == 0
    assert "Received signal to stop Dapr and app processes. Shutting down Dapr and app processes." in program.text
    assert "app listens" in open(back["appLogPath"]).read()
    daprd = open(back["daprdLogPath"]).read()
    assert "You're up and running! Dapr logs will appear here." in daprd
    assert "termination signal received: shutting down" in daprd
    assert "Exited Dapr successfully" in daprd


def test_stop_ends_a_template(mecha, shop):
    program = mecha.start("run", "-f", shop / "dapr.yaml")
    program.wait_for("Writing log files to directory", count=2)
    wait_until(lambda: mecha.call("stop", "-f", shop).returncode == 0, "it is stopped")
    assert program.wait() == 0
    assert mecha.call("stop", "-f", shop).returncode == 1


def test_one_app_of_a_template_may_fail_or_be_stopped(mecha, shop):
    text = (shop / "dapr.yaml").read_text()
    (shop / "broken").mkdir()
    (shop / "dapr.yaml").write_text(text + '- appDirPath: ./broken\n  command: ["sh", "-c", "echo broken; exit 5"]\n')
    program = mecha.start("run", "-f", shop)
    program.wait_for("The App process exited with error code: exit status 5")
    program.wait_for("== APP - front == front is")
    wait_until(lambda: len(json.loads(mecha.call("list", "-o", "json").stdout)) == 3, "all are listed")
    apps = {app["appId"]: app for app in json.loads(mecha.call("list", "-o", "json").stdout)}
    front = apps["front"]
    assert "app stopped successfully: front" in mecha.call("stop", "-a", "front", "--wait").stdout
    assert [app["appId"] for app in json.loads(mecha.call("list", "-o", "json").stdout)] == ["back", "broken"]
    # Its process and its part of the runtime are gone, and nobody finds it any more.
    assert not is_running(front["appPid"])
    for port in (front["httpPort"], front["grpcPort"]):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert http(apps["back"]["httpPort"], "/v1.0/invoke/front/method/x")[0] == 500
    metrics = int(re.search(r"metrics=(\d+)", program.wait_for("metrics="))[1])
    page = http(metrics, "/metrics")[1].decode()
    assert '{app_id="back"' in page and '{app_id="front"' not in page
    answer = mecha.call("invoke", "-a", "back", "-m", "hello", "-v", "GET")
    assert "GET /hello" in answer.stdout, answer.stderr
    # One whose process has ended is closed just the same.
    assert mecha.call("stop", "broken", "--wait").returncode == 0
    assert [app["appId"] for app in json.loads(mecha.call("list", "-o", "json").stdout)] == ["back"]
    assert program.process.poll() is None
    # The process ends with its last app.
    assert mecha.call("stop", "-a", "back").returncode == 0
    assert program.wait() == 0
    assert "Exited Dapr successfully" in open(front["daprdLogPath"]).read()


def test_apps_of_a_template_with_tokens_of_their_own_are_stopped_too(mecha, tmp_path, home):
    """Who started them may end them; the tokens are the apps' matter."""
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    (tmp_path / "dapr.yaml").write_text(json.dumps({"version": 1, "apps": [
        {"appDirPath": "one", "env": {"DAPR_API_TOKEN": "secret-of-one"}, "command": ["sleep", "600"]},
        {"appDirPath": "two", "env": {"DAPR_API_TOKEN": "secret-of-two"}}, {"appDirPath": "three"}]}))
    program = mecha.start("run", "-f", tmp_path)
    wait_until(lambda: len(json.loads(mecha.call("list", "-o", "json").stdout)) == 3, "all are listed")
    apps = {app["appId"]: app for app in json.loads(mecha.call("list", "-o", "json").stdout)}
    assert http(apps["one"]["httpPort"], "/v1.0/metadata")[0] == 401
    for stopped, left in (("one", ["two", "three"]), ("two", ["three"])):
        answer = mecha.call("stop", "-a", stopped, "--wait")
        assert f"app stopped successfully: {stopped}" in answer.stdout, answer.stderr
        assert [app["appId"] for app in json.loads(mecha.call("list", "-o", "json").stdout)] == left
    assert not is_running(apps["one"]["appPid"])
    assert "secret-of" not in mecha.call("list", "-o", "json").stdout
    assert mecha.call("stop", "-a", "three").returncode == 0
    assert program.wait() == 0
    assert not [name for _, _, names in os.walk(home) for name in names if name.endswith(".stop")]


def test_runtimes_log_where_the_template_says(mecha, tmp_path):
    places = {"silent": ("file", "info"), "loud": ("console", "debug"), "both": ("fileAndConsole", "info"), "calm": ("console", "error")}
    for name in places:
        (tmp_path / name).mkdir()
    (tmp_path / "dapr.yaml").write_text(json.dumps({"version": 1, "apps": [
        {"appDirPath": name, "daprdLogDestination": place, "logLevel": level} for name, (place, level) in places.items()]}))
    program = mecha.start("run", "-f", tmp_path)
    program.wait_for("Started Dapr with app id", count=4)
    logs = {app["appId"]: app["daprdLogPath"] for app in json.loads(mecha.call("list", "-o", "json").stdout)}
    assert program.end() == 0
    ready = "dapr initialized. Status: Running."
    for name, (place, level) in places.items():
        own = [line for line in program.out if f"app_id={name} " in line]
        # On a shared console each line says whose it is; in a file of its own it need not.
        assert all(line.startswith(f"== DAPR - {name} == time=") for line in own), own
        assert any(ready in line for line in own) == (place != "file" and level != "error"), program.text
        if place == "console":
            assert not logs[name]
        else:
            lines = [line for line in open(logs[name]) if f"app_id={name} " in line]
            assert lines and all(line.startswith("time=") for line in lines) and any(ready in line for line in lines)
    assert not any("level=info" in line and "app_id=calm " in line for line in program.out)


def test_named_ports_are_not_taken_by_apps_that_name_none(mecha, tmp_path):
    """In a network of its own, where there are hardly more ports than are asked for."""
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    (tmp_path / "dapr.yaml").write_text(json.dumps({"version": 1, "apps": [
        {"appDirPath": "a"}, {"appDirPath": "b"},
        {"appDirPath": "c", "daprHTTPPort": 40000, "daprGRPCPort": 40001, "daprInternalGRPCPort": 40002, "appPort": 40003},
    ]}))
    network = "ip link set lo up && echo 40000 40010 > /proc/sys/net/ipv4/ip_local_port_range && exec \"$@\""
    prefix = ["unshare", "-n", "sh", "-c", network, "sh"]
    if shutil.which("unshare") is None or subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
        pytest.skip("needs the right to make a network")
    command = Command(prefix[0], mecha.home)
    try:
        program = command.start(*prefix[1:], BINARY, "run", "-f", tmp_path)
        program.wait_for("Started Dapr with app id", count=3)
        apps = {app["appId"]: app for app in json.loads(mecha.call("list", "-o", "json").stdout)}
        assert program.end() == 0
    finally:
        command.close()
    assert (apps["c"]["httpPort"], apps["c"]["grpcPort"]) == (40000, 40001)
    others = [apps[name][kind] for name in ("a", "b") for kind in ("httpPort", "grpcPort")]
    assert len(set(others)) == 4 and all(40004 <= port <= 40010 for port in others)


def test_a_shutdown_may_be_held_back(mecha):
    http_port = free_port()
    program = mecha.start(
        "serve", "--app-id", "x", "--dapr-http-port", http_port, "--dapr-grpc-port", free_port(), "--metrics-port", 0,
        "--dapr-block-shutdown-duration", "600s")
    wait_until(lambda: "dapr initialized" in program.text, "it runs")
    program.process.send_signal(signal.SIGTERM)
    program.wait_for("shutdown is held back")
    assert http(http_port, "/v1.0/healthz/outbound")[0] == 204
    assert program.end() == 0, "asked twice, it does not wait"


def test_a_template_may_come_from_standard_input(mecha, shop):
    program = mecha.start("run", "-f", "-", cwd=shop, stdin=(shop / "dapr.yaml").read_text())
    program.wait_for("== APP - front == front is front in blue")
    assert program.end() == 0


def test_a_run_ends_with_its_last_app(mecha, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "dapr.yaml").write_text('{version: 1, apps: [{appDirPath: a, command: ["true"]}]}')
    assert mecha.call("run", "-f", tmp_path).returncode == 0
    (tmp_path / "dapr.yaml").write_text('{version: 1, apps: [{appDirPath: a, command: ["false"]}]}')
    assert mecha.call("run", "-f", tmp_path).returncode == 1


def test_lines_of_several_apps_do_not_mix(mecha, tmp_path):
    apps = []
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        program = f"import sys; [print('{name}' * 3000, flush=True) for _ in range(200)]"
        apps.append({"appDirPath": name, "command": [sys.executable, "-c", program]})
    (tmp_path / "dapr.yaml").write_text(json.dumps({"version": 1, "apps": apps}))
    run = mecha.call("run", "-f", tmp_path)
    assert run.returncode == 0
    for name in ("a", "b", "c"):
        lines = [line for line in run.stdout.splitlines() if line.startswith(f"== APP - {name} == ")]
        assert len(lines) == 200
        assert set(lines) == {f"== APP - {name} == " + name * 3000}


def test_problems_of_a_template_name_file_and_line(mecha, tmp_path):
    (tmp_path / "dapr.yaml").write_text("version: 1\napps:\n- appDirPath: nowhere\n- appID: x\n")
    run = mecha.call("run", "-f", tmp_path)
    assert run.returncode == 1
    assert f"{tmp_path}/dapr.yaml:4" in run.stderr


def test_flags_that_a_template_overrides_are_told(mecha, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "dapr.yaml").write_text('{version: 1, apps: [{appDirPath: a, command: ["true"]}]}')
    run = mecha.call("run", "-f", tmp_path, "--app-port", "3000", "--app-id", "x")
    assert "flags are ignored" in run.stdout and "app-port, app-id" in run.stdout


# list, stop, invoke, publish


def test_list_has_three_formats(mecha):
    assert mecha.call("list").stdout == ""
    program = mecha.start("run", "--app-id", "orders", "--app-port", "3000", "--", "sleep", "600")
    program.wait_for("You're up and running!")
    wait_until(lambda: "orders" in mecha.call("list").stdout, "it is listed")
    rows = json.loads(mecha.call("list", "-o", "json").stdout)
    assert rows[0]["appId"] == "orders" and rows[0]["appPort"] == 3000 and rows[0]["command"] == "sleep 600"
    assert rows[0]["daprdPid"] == rows[0]["cliPid"] == program.pid
    assert is_running(rows[0]["appPid"])
    assert "appId: orders" in mecha.call("list", "--output=yaml").stdout
    assert program.end() == 0
    assert mecha.call("list", "-o", "json").stdout.strip() == "[]"


def test_what_was_killed_is_not_listed(mecha, home):
    program = mecha.start("run", "--app-id", "x")
    program.wait_for("You're up and running!")
    wait_until(lambda: "x" in mecha.call("list").stdout, "it is listed")
    program.process.kill()
    program.process.wait()
    assert mecha.call("list").stdout == ""
    assert not list((home / ".mecha" / "run").iterdir())


def test_stop_ends_one_app(mecha):
    program = mecha.start("run", "--app-id", "orders", "--", "sleep", "600")
    program.wait_for("You're up and running!")
    wait_until(lambda: "orders" in mecha.call("list").stdout, "it is listed")
    wrong = mecha.call("stop", "--app-id", "order")
    assert wrong.returncode == 1 and "did you mean orders?" in wrong.stderr
    right = mecha.call("stop", "--app-id", "orders", "--wait")
    assert right.returncode == 0 and "app stopped successfully: orders" in right.stdout
    assert program.wait() == 0


@pytest.fixture
def echo(mecha, tmp_path):
    port = free_port()
    path = script(tmp_path, "echo.py", ECHO_APP)
    program = mecha.start("run", "--app-id", "echo", "--app-port", port, "--", sys.executable, path)
    program.wait_for("app listens")
    program.wait_for("You're up and running!")
    wait_until(lambda: "echo" in mecha.call("list").stdout, "it is listed")
    http_port, _ = ports_of(program)
    wait_until(lambda: http(http_port, "/v1.0/healthz")[0] == 204, "the app is ready")
    return program


def test_invoke_prints_the_answer(mecha, echo, tmp_path):
    posted = mecha.call("invoke", "--app-id", "echo", "--method", "a/b?c=d", "--data", '{"x": 1}')
    assert posted.returncode == 0, posted.stderr
    assert posted.stdout.splitlines()[0] == 'POST /a/b?c=d {"x": 1}'
    assert "App invoked successfully" in posted.stdout
    (tmp_path / "data").write_text("from a file")
    assert "PUT /m from a file" in mecha.call("invoke", "-a", "echo", "-m", "m", "-v", "put", "-f", tmp_path / "data").stdout
    wrong = mecha.call("invoke", "-a", "echo", "-m", "missing")
    assert wrong.returncode == 1 and "404" in wrong.stderr
    assert mecha.call("invoke", "-a", "nobody", "-m", "m").returncode == 1


def test_publish_passes_the_runtime_s_error_on(mecha, echo):
    wrong = mecha.call("publish", "-i", "echo", "-p", "no-such-pubsub", "-t", "t", "-d", "{}")
    assert wrong.returncode == 1
    assert len(wrong.stderr.splitlines()) == 1
    assert "Error publishing topic t: " in wrong.stderr


def test_commands_send_the_token_that_the_runtime_wants(mecha):
    token = {"DAPR_API_TOKEN": "secret-token"}
    program = mecha.start("run", "--app-id", "x", env=token)
    port, _ = ports_of(program)
    program.wait_for("You're up and running!")
    assert http(port, "/v1.0/metadata")[0] == 401
    assert http(port, "/v1.0/metadata", headers={"dapr-api-token": "secret-token"})[0] == 200
    assert "secret-token" not in program.text
    assert program.end() == 0


# The other programs


def test_as_dapr_it_finds_no_instances(linked):
    dapr = linked("dapr")
    assert dapr.call("list").stdout.strip() == "No Dapr instances found."
    assert dapr.call("stop", "--app-id", "gone").returncode == 0


def test_as_dapr_it_runs(linked):
    dapr = linked("dapr")
    run = dapr.call("run", "--app-id", "x", "--placement-host-address", "", "--scheduler-host-address=", "--", "true")
    assert run.returncode == 0 and "Exited App successfully" in run.stdout
    assert re.match(r"CLI version: \S+ \nRuntime version: \S+\n", dapr.call("--version").stdout)
    assert json.loads(dapr.call("version", "-o", "json").stdout)["Runtime version"]


def test_as_daprd_it_takes_go_s_flags(linked):
    daprd = linked("daprd")
    http_port, grpc_port, internal = free_port(), free_port(), free_port()
    program = daprd.start(
        "-app-id", "x", "--dapr-http-port", http_port, f"-dapr-grpc-port={grpc_port}", "-dapr-internal-grpc-port", internal,
        "-placement-host-address", "localhost:50005", "--enable-metrics=false", "-mode", "standalone", "-log-level", "info")
    assert daprd.call("--wait", "--dapr-http-port", http_port).returncode == 0
    assert http(http_port, "/v1.0/healthz/outbound")[0] == 204
    assert json.loads(http(http_port, "/v1.0/metadata")[1])["id"] == "x"
    assert "up and running!" not in program.text
    assert program.end() == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", daprd.call("--version").stdout)


def test_serve_is_listed_and_stopped(mecha):
    program = mecha.start("serve", "--app-id", "x", "--dapr-http-port", free_port(), "--dapr-grpc-port", free_port(), "--metrics-port", 0)
    wait_until(lambda: "x" in mecha.call("list").stdout, "it is listed")
    assert json.loads(mecha.call("list", "-o", "json").stdout)[0]["cliPid"] == 0
    assert mecha.call("stop", "x").returncode == 0
    assert program.wait() == 0


# Words


@pytest.mark.parametrize("arguments, part", [
    (["run", "--ap-id", "x"], "Did you mean '--app-id'?"),
    (["rum"], "did you mean run?"),
    (["workflow", "list"], "There is no 'workflow' command"),
    (["run", "python3", "-m", "http.server"], "put -- before the app's command"),
    (["run", "--app-port", "many"], "'many' is invalid"),
    (["run", "-f", "missing.yaml"], "There is no file or folder 'missing.yaml'"),
    (["run", "-f", "x", "-k"], "Kubernetes is not supported"),
    (["run", "--config", "missing.yaml"], "There is no file 'missing.yaml'"),
    (["serve", "--app-id", "x", "--enable-mtls"], "mTLS"),
    (["components", "describe", "state.redi"], "did you mean state.redis?"),
    (["completion", "powershell"], "bash, zsh and fish"),
    (["invoke", "--app-id", "x"], "--method"),
])
def test_a_mistake_is_answered_with_one_line(mecha, arguments, part):
    answer = mecha.call(*arguments)
    assert answer.returncode == 1
    assert part in answer.stderr
    assert len(answer.stderr.splitlines()) == 1, answer.stderr


def test_help_has_examples(mecha):
    for command in ("run", "serve", "list", "stop", "invoke", "publish", "init", "uninstall", "components", "version", "completion"):
        answer = mecha.call(command, "--help")
        assert answer.returncode == 0 and "Examples:" in answer.stdout and answer.stderr == ""


def test_components_describe_themselves(mecha):
    rows = json.loads(mecha.call("components", "list", "-o", "json").stdout)
    assert "state.redis" in [row["type"] for row in rows]
    described = json.loads(mecha.call("components", "describe", "state.redis", "-o", "json").stdout)
    assert "redisHost" in [field["name"] for field in described["metadata"]]


def test_completion_scripts_are_scripts(mecha, linked):
    assert subprocess.run(["bash", "-n"], input=mecha.call("completion", "bash").stdout, text=True).returncode == 0
    assert "_dapr" in linked("dapr").call("completion", "zsh").stdout
    assert "mecha" in mecha.call("completion", "fish").stdout


def test_init_prepares_and_uninstall_takes_back(mecha, home):
    assert mecha.call("init").returncode == 0
    store = home / ".dapr" / "components" / "statestore.yaml"
    assert "state.sqlite" in store.read_text()
    store.write_text(store.read_text() + "# mine\n")
    assert mecha.call("init").returncode == 0
    assert "# mine" in store.read_text()
    run = mecha.call("run", "--app-id", "x", "--", "sh", "-c", "curl -s localhost:$DAPR_HTTP_PORT/v1.0/metadata")
    assert '"statestore"' in run.stdout, run.stdout + run.stderr
    assert mecha.call("uninstall", "--all").returncode == 0
    assert store.exists() and not (home / ".dapr" / "config.yaml").exists()
    assert "daprConfig" not in mecha.call("configurations").stdout


def test_configurations_are_listed(mecha, home):
    mecha.call("init", "--slim")
    row, = json.loads(mecha.call("configurations", "-o", "json").stdout)
    assert row["name"] == "daprConfig" and row["tracingEnabled"] is True
