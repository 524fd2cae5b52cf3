"""The life of functions from outside: deployed, called, split, rolled back, reloaded, metered, and deleted."""

import collections
import concurrent.futures
import json
import os
import re
import subprocess
import threading
import time

import pytest

from functions import ROOT, SOURCE, FunctionRuntime, module
from programs import Program
from runtime import BINARY, Mecha, component, wait_until


@pytest.fixture
def runtime(tmp_path):
    with FunctionRuntime(tmp_path, app_id="app") as runtime:
        yield runtime


def test_without_a_runtime_the_commands_say_what_to_start(tmp_path):
    environment = {**os.environ, "HOME": str(tmp_path), "MECHA_HOME": str(tmp_path / "home")}
    path = module(tmp_path, "one")
    for words in (["deploy", "hello", path], ["list"], ["rollback", "hello"], ["usage"]):
        ended = subprocess.run([BINARY, "fn", *map(str, words)], env=environment, capture_output=True, text=True)
        assert ended.returncode == 1 and "mecha serve" in ended.stderr and ended.stdout == "", words


def test_deploy_call_and_delete(runtime, tmp_path):
    assert not runtime.maps_engine()
    printed = runtime.fn("deploy", "hello", module(tmp_path, "one"))
    assert f"http://127.0.0.1:{runtime.functions_port}/hello" in printed and "revision 1" in printed
    assert runtime.call("/hello").text == "one"
    assert runtime.maps_engine()
    assert runtime.call("/hello/path?a=1&b=%20").text == "/path?a=1&b=%20"
    # As any app, by invocation, and through its own header.
    assert runtime.request("GET", "/v1.0/invoke/hello/method/x").text == "one"
    assert runtime.call("/anything", headers={"id": "hello"}).text == "one"
    assert runtime.fn("invoke", "hello") == "one\n"
    assert runtime.fn("invoke", "hello", "/path?x=1").strip() == "/path?x=1"
    missing = runtime.call("/nobody")
    assert missing.status == 404 and missing.error == "ERR_FUNCTION_NOT_FOUND"
    assert runtime.call("/hello@9").status == 404 and runtime.call("/hello@dev").status == 404
    runtime.fn("delete", "hello")
    assert runtime.call("/hello").status == 404
    assert runtime.request("GET", "/v1.0/invoke/hello/method/x").status >= 400
    assert runtime.fn_json("list") == []
    wait_until(lambda: "destroyed one" in runtime.log, "the guest's destroy")


def test_a_module_that_cannot_be_run_changes_nothing(runtime, tmp_path):
    good = module(tmp_path, "one")
    (tmp_path / "random.wasm").write_bytes(os.urandom(5_000))
    (tmp_path / "cut.wasm").write_bytes(good.read_bytes()[:-20])
    (tmp_path / "empty.wasm").write_bytes(b"")
    for name in ("random", "cut", "empty"):
        ended = runtime.run_fn("deploy", "hello", f"{name}.wasm")
        assert ended.returncode == 1 and ended.stderr and runtime.call("/hello").status == 404, name
    runtime.fn("deploy", "hello", good)
    assert runtime.run_fn("deploy", "hello", "random.wasm").returncode == 1
    assert runtime.call("/hello").text == "one"
    assert runtime.fn_json("describe", "hello")["latest"] == 1
    for words, part in (
        (["deploy", "Bad_Name", good], "cannot be the name"), (["deploy", "hello", "gone.wasm"], "No such file"),
        (["deploy", "app", good], "is called app"), (["alias", "set", "hello", "prod", "7=1"], "no revision 7"),
        (["alias", "set", "hello", "prod", "x"], "no weight"), (["rollback", "hello"], "nowhere else"),
        (["describe", "helo"], "did you mean hello"), (["deploy", "hello", good, "--grant", "stat=x"], "did you mean state"),
        (["deploy", "hello", good, "--abi", "java"], "no ABI"),
    ):
        ended = runtime.run_fn(*words)
        assert ended.returncode == 1 and part in ended.stderr, (words, ended.stderr)


def test_a_part_of_the_traffic_and_back_under_load(runtime, tmp_path):
    runtime.fn("deploy", "hello", module(tmp_path, "one"))
    answers = collections.Counter()
    stop = threading.Event()

    def load():
        own = collections.Counter()
        while not stop.is_set():
            answer = runtime.call("/hello")
            own[answer.text if answer.status == 200 else answer.status] += 1
        return own

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        loads = [pool.submit(load) for _ in range(3)]
        assert "prod 1=9 2=1" in runtime.fn("deploy", "hello", module(tmp_path, "two"), "--percent", 10)
        runtime.fn("alias", "set", "hello", "prod", "1=50", "2=50")
        runtime.fn("alias", "set", "hello", "prod", "2")
        runtime.fn("rollback", "hello")
        runtime.fn("rollback", "hello", "--to", "1")
        stop.set()
        for done in loads:
            answers += done.result()
    assert set(answers) == {"one", "two"}, answers
    assert {runtime.call("/hello").text for _ in range(20)} == {"one"}

    assert runtime.fn("alias", "set", "hello", "prod", "1=90", "2=10").strip() == "hello prod 1=90 2=10"
    counts = collections.Counter(runtime.call("/hello").text for _ in range(300))
    assert abs(counts["two"] - 30) <= 4, counts
    assert runtime.call("/hello@2").text == "two" and runtime.call("/hello", headers={"mecha-revision": "1"}).text == "one"

    runtime.fn("alias", "set", "hello", "prod", "1=50", "2=50", "--sticky-cookie", "who")
    first = runtime.call("/hello")
    cookie = first.headers["set-cookie"].split(";")[0]
    assert {runtime.call("/hello", headers={"cookie": cookie}).text for _ in range(10)} == {first.text}

    runtime.fn("deploy", "hello", module(tmp_path, "three"), "--alias", "dev")
    assert runtime.call("/hello@dev").text == "three"
    runtime.fn("promote", "hello", "dev", "pre")
    assert runtime.fn_json("alias", "list", "hello")["pre"]["weights"] == {"3": 100}
    runtime.fn("alias", "delete", "hello", "pre")
    assert "pre" not in runtime.fn_json("alias", "list", "hello")


def test_limits_are_clear_errors_and_neighbours_notice_nothing(runtime, tmp_path):
    runtime.fn("deploy", "calm", module(tmp_path, "calm"))
    runtime.fn("deploy", "wild", module(tmp_path, "wild"), "--memory", "1Mi", "--cpu", "50ms", "--time", "2s")
    for path, status, code in (
        ("/trap", 500, "ERR_FUNCTION_TRAPPED"), ("/loop", 504, "ERR_FUNCTION_TIMED_OUT"),
    ):
        answer = runtime.call(f"/wild{path}")
        assert (answer.status, answer.error) == (status, code), answer
        assert runtime.call("/calm").text == "calm"
    assert runtime.call("/wild/grow").status in (500, 507)
    large = runtime.call("/wild", "POST", b"x" * (5 << 20))
    assert large.status == 413
    assert runtime.call("/wild").text == "wild"
    assert "handle" in runtime.fn("logs", "wild")
    usage = runtime.fn_json("usage", "wild")["total"]
    assert usage["failures"] >= 3 and usage["calls"] >= 4 and usage["cpuNanoseconds"] > 0
    lines = runtime.metrics()
    assert lines["mecha_function_failures_total", frozenset({("function", "wild"), ("revision", "1")})] >= 3
    assert lines["mecha_function_calls_total", frozenset({("function", "calm"), ("revision", "1")})] == 2


def test_traps_name_functions_and_lines_where_asked(tmp_path):
    """Names come from the module; lines from its DWARF, with the engine's own variable."""
    path = tmp_path / "debug.wasm"
    subprocess.run(
        ["clang", "--target=wasm32-unknown-unknown", "-O1", "-g", "-nostdlib", "-Wl,--no-entry", f"-I{ROOT}/guests/c", "-o", str(path),
         str(SOURCE)], check=True)
    line = next(n for n, text in enumerate(SOURCE.read_text().splitlines(), 1) if "__builtin_trap" in text)
    for env, part in (({}, "in handle"), ({"WASMTIME_BACKTRACE_DETAILS": "1"}, f"in handle (lifecycle.c:{line}:")):
        # The same data, so that code which was compiled without lines is there.
        with FunctionRuntime(tmp_path, app_id="app", env=env) as runtime:
            if not runtime.fn_json("list"):
                runtime.fn("deploy", "debug", path)
            assert runtime.call("/debug/trap").status == 500
            wait_until(lambda: part in runtime.log, f"{part} in the log")


def test_functions_and_accounts_outlive_the_process(tmp_path):
    runtime = FunctionRuntime(tmp_path, app_id="app")
    with runtime:
        runtime.fn("deploy", "hello", module(tmp_path, "one"))
        runtime.fn("deploy", "hello", module(tmp_path, "two"), "--no-traffic")
        for _ in range(5):
            runtime.call("/hello")
        runtime.stop()
    with runtime.start():
        assert not runtime.maps_engine()
        assert runtime.call("/hello").text == "one" and runtime.call("/hello@2").text == "two"
        assert runtime.fn_json("usage", "hello")["revisions"]["1"]["calls"] == 6
        runtime.kill()
    with runtime.start():
        assert runtime.call("/hello").text == "one"
        assert runtime.fn_json("describe", "hello")["latest"] == 2


def test_one_process_hosts_the_functions_of_a_data_directory(runtime, tmp_path):
    runtime.fn("deploy", "hello", module(tmp_path, "one"))
    with Mecha(tmp_path / "second", app_id="second", env={"MECHA_HOME": str(tmp_path / "home")}) as second:
        # The other process can call it as any app of this machine.
        assert second.request("GET", "/v1.0/invoke/hello/method/x").text == "one"
        assert "another process hosts the functions" in second.log
        assert runtime.fn_json("list")[0]["name"] == "hello"


def test_state_is_reached_by_grant_only_and_is_its_own(runtime, tmp_path):
    path = module(tmp_path, "one", keeps=True)
    refused = runtime.run_fn("deploy", "poor", path)
    assert refused.returncode == 1 and "mecha.state_set" in refused.stderr and "grant" in refused.stderr
    runtime.fn("deploy", "poor", path, "--grant", "state=elsewhere")
    runtime.fn("deploy", "keeper", path, "--grant", "state=statestore")
    runtime.fn("deploy", "other", path, "--grant", "state=statestore")
    assert runtime.call("/keeper/keep", "POST", "treasure").status == 200
    assert runtime.call("/keeper/kept").text == "treasure"
    assert b"treasure" not in runtime.call("/other/kept").body
    assert runtime.call("/poor/kept").status == 500
    assert runtime.request("GET", "/v1.0/state/statestore/kept").status == 204


FUNCTION = """
apiVersion: mecha.io/v1alpha1
kind: Function
metadata:
  name: hello
spec:
  source:
    file: {file}
  grants:
    state: [statestore]
  triggers:
  - http: {{path: /shop/orders}}
  - http: {{path: /, host: only.example}}
  - topic: {{pubsub: pubsub, topic: orders, route: /keep}}
  - cron: {{schedule: "@every 1s", route: /tick}}
"""


def test_files_declare_functions_and_a_change_is_live(tmp_path):
    module(tmp_path, "one", keeps=True)
    runtime = FunctionRuntime(tmp_path, app_id="app", resources={"hello.yaml": FUNCTION.format(file=tmp_path / "one.wasm")})
    with runtime:
        assert runtime.call("/hello").text == "one"
        # Triggers: by path, by host, by topic, by schedule.
        assert runtime.call("/shop/orders/7").text == "one" and runtime.call("/shop/orderss").status == 404
        assert runtime.call("/x", headers={"host": "only.example"}).text == "one"
        published = runtime.request("POST", "/v1.0/publish/pubsub/orders", json_body={"n": 1})
        assert published.status == 204
        wait_until(lambda: '"n"' in runtime.call("/hello/kept").text, "the event to be kept")
        before = runtime.fn_json("usage", "hello")["total"]["calls"]
        wait_until(lambda: runtime.fn_json("usage", "hello")["total"]["calls"] >= before + 2, "the schedule to call")

        # A new module under the same name.
        (tmp_path / "new").mkdir()
        os.replace(module(tmp_path / "new", "two", keeps=True), tmp_path / "one.wasm")
        wait_until(lambda: runtime.call("/hello").text == "two", "the new module")
        # One that is broken is told, and the old one goes on.
        (tmp_path / "one.wasm").write_bytes(b"\0asm broken")
        wait_until(lambda: "revision 2 goes on" in runtime.log, "the broken module to be told")
        assert runtime.call("/hello").text == "two"
        ended = runtime.run_fn("deploy", "hello", tmp_path / "one.wasm")
        assert ended.returncode == 1 and "resource file" in ended.stderr
        # What is declared no more is gone.
        (runtime.resources / "hello.yaml").unlink()
        wait_until(lambda: runtime.call("/hello").status == 404, "the function to go")


DECLARED = """apiVersion: mecha.io/v1alpha1
kind: Function
metadata: {{name: {name}}}
spec: {{source: {{file: {file}}}, grants: {{state: ["*"]}}}}
"""


def test_what_could_not_be_run_at_first_comes_when_it_is_mended(tmp_path):
    """Broken, missing, without its component, without its folder: each by itself, and a neighbour that is sound."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "broken.wasm").write_bytes(b"\0asm broken")
    module(files, "sound")
    module(files, "needy", needs=True)
    names = ["broken", "missing", "needy", "sound"]
    resources = {f"{name}.yaml": DECLARED.format(name=name, file=files / f"{name}.wasm") for name in names}
    resources["folder.yaml"] = DECLARED.format(name="folder", file=files / "sound.wasm").replace(
        'state: ["*"]', f"folders: {{/data: {{path: {tmp_path}/late}}}}")
    with FunctionRuntime(tmp_path, app_id="app", resources=resources) as runtime:
        assert runtime.call("/sound").text == "sound"
        for name in ("broken", "missing", "needy", "folder"):
            assert runtime.call(f"/{name}").status == 404
            wait_until(lambda: re.search(rf"Function/{name}: ", runtime.log), f"{name} to be told")
        (files / "missing.wasm").write_bytes(module(tmp_path, "found").read_bytes())
        wait_until(lambda: runtime.call("/missing").text == "found", "the missing one")
        # Not in one piece.
        whole = module(tmp_path, "mended").read_bytes()
        with (files / "broken.wasm").open("wb") as file:
            file.write(whole[:100])
            file.flush()
            time.sleep(1.5)
            file.write(whole[100:])
        wait_until(lambda: runtime.call("/broken").text == "mended", "the broken one")
        (runtime.resources / "store.yaml").write_text(component("needed", "state.in-memory"))
        wait_until(lambda: runtime.call("/needy").text == "needy", "the one that needs a component")
        # No file that is watched changes with this.
        (tmp_path / "late").mkdir()
        wait_until(lambda: runtime.call("/folder").text == "sound", "the one that needs a folder", seconds=90)
        assert "the function folder runs now" in runtime.log
        assert runtime.call("/sound").text == "sound"


def test_a_file_that_is_mended_while_the_process_starts(tmp_path):
    for pause in (0, 0.05, 0.1, 0.2, 0.4):
        folder = tmp_path / str(pause)
        folder.mkdir()
        (folder / "hello.wasm").write_bytes(b"\0asm broken")
        resources = {"hello.yaml": DECLARED.format(name="hello", file=folder / "hello.wasm")}
        runtime = FunctionRuntime(folder, app_id="app", resources=resources)
        runtime.launch()
        try:
            time.sleep(pause)
            os.replace(module(tmp_path, "mended"), folder / "hello.wasm")
            runtime.wait_ready()
            wait_until(lambda: runtime.call("/hello").text == "mended", f"the mended one after {pause} s")
        finally:
            runtime.stop()


def test_components_that_change_are_those_of_functions_too(tmp_path):
    module(tmp_path, "one", keeps=True)
    files = {"hello.yaml": FUNCTION.format(file=tmp_path / "one.wasm"), "bus.yaml": component("pubsub", "pubsub.in-memory")}
    with FunctionRuntime(tmp_path, app_id="app", resources=files) as runtime:
        assert runtime.call("/hello/keep", "POST", "early").status == 500
        (runtime.resources / "store.yaml").write_text(component("statestore", "state.in-memory"))
        wait_until(lambda: runtime.call("/hello/keep", "POST", "late").status == 200, "the function to have the store")
        assert runtime.call("/hello/kept").text == "late"


def test_what_is_shown_can_be_read_by_programs(runtime, tmp_path):
    runtime.fn("deploy", "hello", module(tmp_path, "one"), "--env", "A=1", "--isolation", "reused")
    listed = runtime.fn_json("list")
    assert [f["name"] for f in listed] == ["hello"] and listed[0]["traffic"] == {"prod": "1=100"}
    described = runtime.fn_json("describe", "hello")
    assert described["revisions"][0]["env"] == {"A": "1"} and described["revisions"][0]["scaling"]["isolation"] == "reused"
    assert "name: hello" in runtime.fn("describe", "hello", "-o", "yaml")
    assert "NAME" in runtime.fn("list") and "Revisions:" in runtime.fn("describe", "hello")
    assert any("started one" in line["message"] for line in json.loads(runtime.fn("logs", "hello", "-o", "json")))


def test_a_folder_is_built_and_deployed(runtime, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "function.yaml").write_text(
        FUNCTION.format(file="out.wasm") + f"  build:\n    command: cp {module(tmp_path, 'built')} out.wasm\n")
    assert runtime.fn("build", project).strip() == str(project / "out.wasm")
    runtime.fn("deploy", project)
    assert runtime.call("/hello").text == "built" and runtime.call("/shop/orders").text == "built"
    (project / "function.yaml").write_text(FUNCTION.format(file="out.wasm") + "  build:\n    command: exit 3\n")
    assert "exit code 3" in runtime.run_fn("build", project).stderr


def test_what_is_built_answers_its_own_tests_when_asked(runtime, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    module(project, "built")
    start = FUNCTION.format(file="out.wasm") + "  build: {command: cp built.wasm out.wasm}\n"
    tests = "  tests:\n  - {request: {path: /a}, response: {body: ANSWER}}\n"
    (project / "function.yaml").write_text(start + tests.replace("ANSWER", "built"))
    built = runtime.run_fn("build", project, "--test")
    assert (built.returncode, built.stdout.strip()) == (0, str(project / "out.wasm")) and "1 tests passed" in built.stderr, built.stderr
    (project / "function.yaml").write_text(start + tests.replace("ANSWER", "another"))
    failed = runtime.run_fn("build", project, "--test")
    assert failed.returncode == 1 and 'the body is "built"; expected "another"' in failed.stderr and failed.stdout == ""
    # Nothing is left of it.
    assert runtime.fn_json("list") == []
    (project / "function.yaml").write_text(start)
    assert "has no tests" in runtime.run_fn("build", project, "--test").stderr


def test_the_first_ten_minutes(runtime, tmp_path):
    """What docs/functions.md prints, as it is printed."""
    assert runtime.fn("new", "hello").strip() == "hello"
    assert runtime.run_fn("new", "hello").returncode == 1
    runtime.fn("build", "./hello")
    runtime.fn("deploy", "./hello")
    assert runtime.call("/hello").text == "Hello, world! Greeting number 1.\n"
    runtime.fn("deploy", "hello", "hello/hello.wasm", "--grant", "state=statestore", "--percent", 10)
    runtime.fn("rollback", "hello")
    runtime.fn("alias", "set", "hello", "prod", "2")
    assert runtime.call("/hello", "POST", "Ada").text == "Hello, Ada! Greeting number 2.\n"
    runtime.fn("deploy", "hello", "hello/hello.wasm", "--grant", "state=statestore")
    for words in (["usage", "hello"], ["list"], ["logs", "hello"], ["describe", "hello", "-o", "yaml"], ["delete", "hello"]):
        runtime.fn(*words)


def test_a_watched_folder_is_live_at_every_save(runtime, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    module(project, "one")
    (project / "answer").write_text("one")
    (project / "function.yaml").write_text(
        "apiVersion: mecha.io/v1alpha1\nkind: Function\nmetadata: {name: hello}\n"
        "spec: {source: {file: out.wasm}, build: {command: cp $(cat answer).wasm out.wasm}}\n")
    watch = Program([BINARY, "fn", "watch", str(project)], runtime.environment())
    try:
        watch.wait_for("hello revision 1: ")
        assert runtime.call("/hello@dev").text == "one"
        module(project, "two")
        (project / "answer").write_text("two")
        watch.wait_for("hello revision 2: ")
        assert runtime.call("/hello@dev").text == "two"
        (project / "answer").write_text("missing")
        watch.wait_for("The build failed")
        assert runtime.call("/hello@dev").text == "two"
    finally:
        watch.end()
