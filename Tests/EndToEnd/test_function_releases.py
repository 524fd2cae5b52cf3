"""Revisions that get their calls step by step, and tests that a revision must pass before it gets any."""

import collections
import concurrent.futures
import contextlib
import os
import subprocess
import threading

import pytest
from functions import ROOT, FunctionRuntime, module
from programs import Program
from runtime import BINARY, PATIENCE_SECONDS, request, wait_until


@pytest.fixture
def runtime(tmp_path):
    with FunctionRuntime(tmp_path, app_id="app") as runtime:
        yield runtime


@contextlib.contextmanager
def load(runtime, path="/hello"):
    """Calls all the time; gives the counts of answers by text, or status when it is not 200."""
    answers = collections.Counter()
    stop = threading.Event()

    def run():
        own = collections.Counter()
        while not stop.is_set():
            answer = runtime.call(path)
            own[answer.text if answer.status == 200 else answer.status] += 1
        return own

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(run) for _ in range(3)]
        try:
            yield answers
        finally:
            stop.set()
            for done in runs:
                answers += done.result()


def release(runtime, name="hello"):
    return runtime.fn_json("describe", name)["releases"]["prod"]


def test_a_good_revision_gets_all_calls_without_a_failed_one(runtime, tmp_path):
    runtime.fn("deploy", "hello", module(tmp_path, "one"))
    runtime.fn("deploy", "hello", module(tmp_path, "two"), "--no-traffic")
    with load(runtime) as answers:
        printed = runtime.fn(
            "release", "hello", "--steps", "5,50", "--wait", "600ms", "--max-error-rate", "1%", "--max-latency-p99", "20s", "--min-calls", 3)
        assert "revision 2 at 5 %" in printed
        assert runtime.run_fn("release", "hello").returncode == 1
        wait_until(lambda: release(runtime)["phase"] == "done", "the release to be done", seconds=60)
        assert runtime.fn_json("describe", "hello")["aliases"]["prod"]["weights"] == {"2": 100}
    assert set(answers) == {"one", "two"}, answers
    assert {runtime.call("/hello").text for _ in range(10)} == {"two"}
    assert "has all calls" in runtime.fn("release", "hello", "--status")
    lines = runtime.fn("logs", "hello")
    assert [f"gets {percent} %" in lines for percent in (5, 50, 100)] == [True] * 3 and "has all calls" in lines
    runtime.fn("rollback", "hello")
    assert runtime.call("/hello").text == "one"


def failing(folder):
    """A revision that answers every second call with an error of its own."""
    source = folder / "failing.c"
    source.write_text("""
        #include "mecha.h"
        static unsigned calls;
        MECHA_EXPORT(handle) int32_t handle(void) {
            mecha_write(MECHA_TEXT("new"));
            if (calls++ % 2) { mecha_status(503); }
            return 0;
        }""")
    subprocess.run(
        ["clang", "--target=wasm32-unknown-unknown", "-Os", "-nostdlib", "-Wl,--no-entry", f"-I{ROOT}/guests/c", "-o",
         str(folder / "failing.wasm"), str(source)], check=True, timeout=PATIENCE_SECONDS)
    return folder / "failing.wasm"


def test_a_bad_revision_is_rolled_back_by_itself(runtime, tmp_path):
    runtime.fn("deploy", "hello", module(tmp_path, "one"))
    runtime.fn("deploy", "hello", failing(tmp_path), "--no-traffic", "--isolation", "reused")
    with load(runtime) as answers:
        runtime.fn("release", "hello", "--steps", "20,100", "--wait", "60s", "--max-error-rate", "10%", "--min-calls", 10)
        wait_until(lambda: release(runtime)["phase"] == "rolledBack", "the rollback", seconds=60)
        assert runtime.fn_json("describe", "hello")["aliases"]["prod"]["weights"] == {"1": 100}
    assert set(answers) == {"one", "new", 503}
    reason = release(runtime)["reason"]
    assert "calls failed" in reason and "at 20 %" in reason
    assert reason in runtime.fn("logs", "hello") and reason in runtime.fn("describe", "hello")
    assert {runtime.call("/hello").text for _ in range(10)} == {"one"}


def test_a_restart_goes_on_and_an_end_goes_back(tmp_path):
    runtime = FunctionRuntime(tmp_path, app_id="app")
    with runtime:
        runtime.fn("deploy", "hello", module(tmp_path, "one"))
        runtime.fn("deploy", "hello", module(tmp_path, "two"), "--no-traffic")
        runtime.fn("release", "hello", "--steps", "25,50", "--wait", "200ms", "--min-calls", 12)
        for _ in range(60):
            runtime.call("/hello")
        wait_until(lambda: release(runtime)["percent"] == 50, "the second step")
        runtime.kill()
    with runtime.start():
        assert release(runtime)["phase"] == "running" and release(runtime)["percent"] == 50
        assert {runtime.call("/hello").text for _ in range(20)} == {"one", "two"}
        printed = runtime.fn("release", "hello", "--abort")
        assert "ended by hand" in printed
        assert {runtime.call("/hello").text for _ in range(20)} == {"one"}
        assert runtime.run_fn("release", "hello", "--abort").returncode == 1
        for words, part in ((["--steps", "50,20"], "rise"), (["--steps", "x"], "not understood"), (["--max-error-rate", "many"], "no part"),
                            (["--alias", "none"], "no alias"), (["--revision", 9], "no revision 9"), (["--revision", 1], "has all calls")):
            ended = runtime.run_fn("release", "hello", *words)
            assert ended.returncode == 1 and part in ended.stderr, (words, ended.stderr)


RELEASED = """
apiVersion: mecha.io/v1alpha1
kind: Function
metadata: {{name: hello}}
spec:
  source: {{file: {file}}}
  aliases:
    prod: {{weights: {{latest: 100}}, release: {{steps: [10, 50], wait: 200ms, maxErrorRate: 5%, maxLatencyP99: 20s, minCalls: 3}}}}
"""


def test_files_declare_releases(tmp_path):
    path = module(tmp_path, "one")
    runtime = FunctionRuntime(tmp_path, app_id="app", resources={"hello.yaml": RELEASED.format(file=path)})
    with runtime:
        assert runtime.call("/hello").text == "one" and runtime.fn_json("describe", "hello")["releases"] == {}
        (tmp_path / "new").mkdir()
        os.replace(module(tmp_path / "new", "two"), path)
        with load(runtime) as answers:
            wait_until(lambda: runtime.fn_json("describe", "hello")["releases"].get("prod", {}).get("phase") == "done", "the release", seconds=60)
        assert set(answers) == {"one", "two"}
        assert {runtime.call("/hello").text for _ in range(10)} == {"two"}


TESTED = """
apiVersion: mecha.io/v1alpha1
kind: Function
metadata: {{name: hello}}
spec:
  source: {{file: out.wasm}}
  build: {{command: cp $(cat answer).wasm out.wasm}}
  triggers:
  - http: {{path: /shop}}
  tests:
  - name: greets
    request: {{path: /x}}
    response: {{status: 200, headers: {{content-type: text/plain}}, body: {body}}}
  - request: {{method: PUT, path: "/path?a=1", body: b, headers: {{x-a: "1"}}}}
    response: {{contains: "a=1"}}
"""


def test_tests_decide_who_gets_calls(runtime, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    module(project, "one")
    module(project, "two")
    (project / "answer").write_text("one")
    (project / "function.yaml").write_text(TESTED.format(body="one"))
    runtime.fn("build", project)
    assert "revision 1 is live (prod 1=100)" in runtime.fn("deploy", project, "--verify")
    assert runtime.call("/shop").text == "one"
    (project / "answer").write_text("two")
    runtime.fn("build", project)
    ended = runtime.run_fn("deploy", project, "--verify")
    assert ended.returncode == 1 and 'greets: the body is "two"; expected "one"' in ended.stderr
    assert runtime.call("/hello").text == "one" and runtime.call("/hello@2").text == "two"
    assert "no tests" in runtime.run_fn("deploy", "hello", project / "out.wasm", "--verify").stderr

    watch = Program([BINARY, "fn", "watch", str(project)], runtime.environment())
    try:
        watch.wait_for("greets: the body is")
        assert runtime.call("/hello@dev").status == 404
        (project / "answer").write_text("one")
        watch.wait_for("hello revision 4: ")
        watch.wait_for("2 tests passed")
        assert runtime.call("/hello@dev").text == "one"
        (project / "answer").write_text("two")
        watch.wait_for("greets: the body is", count=2)
        assert runtime.call("/hello@dev").text == "one"
        (project / "function.yaml").write_text(TESTED.format(body="two"))
        (project / "answer").write_text("two\n")
        watch.wait_for("hello revision 6: ")
        assert runtime.call("/hello@dev").text == "two" and runtime.call("/hello").text == "one"
    finally:
        watch.end()


def test_a_computing_function_leaves_its_event_loop_to_others(runtime, tmp_path):
    runtime.fn("deploy", "calm", module(tmp_path, "calm"))
    runtime.fn("deploy", "wild", module(tmp_path, "wild"), "--cpu", "600s", "--time", "600s")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        # Enough for every loop to have some.
        loops = [pool.submit(request, runtime.functions_port, "GET", "/wild/loop", timeout=60) for _ in range(4)]
        wait_until(lambda: runtime.fn_json("list")[1]["instances"] >= 4, "the calls to begin")
        for _ in range(20):
            assert runtime.call("/calm").text == "calm"
        assert not any(loop.done() for loop in loops)
        runtime.kill()
        assert all(loop.exception() for loop in loops)


def test_the_end_of_the_process_does_not_wait_for_calls(tmp_path):
    runtime = FunctionRuntime(tmp_path, "--dapr-graceful-shutdown-seconds", "1", app_id="app")
    with runtime:
        runtime.fn("deploy", "wild", module(tmp_path, "wild"), "--cpu", "600s", "--time", "600s")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            call = pool.submit(lambda: contextlib.suppress(Exception) and runtime.call("/wild/loop"))
            wait_until(lambda: runtime.fn_json("list")[0]["instances"] > 0, "the call to begin")
            assert runtime.stop() == 0
            with contextlib.suppress(Exception):
                call.result()
