"""Components of WebAssembly, as Python programs become: WASI HTTP and the world mecha:function, over real HTTP."""

import json
import os
import socket

import pytest

import components
from functions import FunctionRuntime
from runtime import wait_until

RESOURCES = """
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: statestore}
spec: {type: state.in-memory, version: v1}
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: pubsub}
spec: {type: pubsub.in-memory, version: v1}
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: files}
spec: {type: bindings.localstorage, version: v1, metadata: [{name: rootPath, value: FOLDER/bound}]}
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: vault}
spec: {type: secretstores.local.file, version: v1, metadata: [{name: secretsFile, value: FOLDER/secrets.json}]}
"""
# The first run of a machine compiles twenty megabytes twice.
pytestmark = pytest.mark.timeout(300)
COMPILING_SECONDS = 200
GRANTS = ["wasi", "clock", "random", "stdout", "invoke=web,orders,nobody"]


def flags(grants):
    return [word for grant in grants for word in ("--grant", grant)]


@pytest.fixture(scope="module")
def mecha(tmp_path_factory):
    """One process with both functions in it."""
    folder = tmp_path_factory.mktemp("components")
    (folder / "bound").mkdir()
    (folder / "secrets.json").write_text('{"login": "let-me-in"}')
    data = folder / "data"
    data.mkdir()
    (data / "a.txt").write_text("inside")
    (folder / "outside.txt").write_text("outside")
    (data / "link").symlink_to("/etc/passwd")
    (data / "up").symlink_to("..")
    components.lend_code(folder)
    with FunctionRuntime(folder, resources={"all.yaml": RESOURCES.replace("FOLDER", str(folder))}) as mecha:
        mecha.fn(
            "deploy", "web", components.web(), *flags(GRANTS), "--memory", "128Mi", "--cpu", "2s", "--time", "10s", "--env",
            "COLOUR=green", "--folder", f"/data={data}:rw", "--folder", f"/fixed={data}", timeout=COMPILING_SECONDS)
        mecha.fn(
            "deploy", "orders", components.orders(),
            *flags(["state=statestore", "pubsub=pubsub", "invoke=web", "bindings=files", "secrets=vault", "locks=locks"]), "--memory",
            "256Mi", "--configuration", "hello", "--env", "COLOUR=green", timeout=COMPILING_SECONDS)
        components.keep_code(folder)
        yield mecha


# --- wasi:http ---

def test_a_request_is_answered_with_what_was_in_it(mecha):
    answer = mecha.call("/web/echo?a=1&b=2", "PATCH", b"a body", {"X-From": "me"})
    assert answer.status == 201
    assert answer.body == b"a body"
    assert answer.headers["x-method"] == "PATCH"
    assert answer.headers["x-target"] == "/echo?a=1&b=2"
    assert answer.headers["x-from"] == "me"
    assert answer.headers["content-type"] == "text/plain"
    assert mecha.call("/web/elsewhere").status == 404
    assert mecha.request("PUT", "/v1.0/invoke/web/method/echo", body=b"by a neighbour").text == "by a neighbour"


def test_a_megabyte_goes_through_its_streams(mecha):
    body = os.urandom(1 << 20)
    answer = mecha.call("/web/echo", "POST", body)
    assert answer.status == 201 and answer.body == body


def test_trailers_come_and_go(mecha):
    with socket.create_connection(("127.0.0.1", mecha.functions_port), timeout=20) as connection:
        connection.sendall(
            b"POST /web/echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\nconnection: close\r\n\r\n"
            b"5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n")
        data = b""
        while piece := connection.recv(65_536):
            data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 201")
    assert b"x-trailers: 1" in head
    assert b"5\r\nhello\r\n0\r\nx-length: 5\r\n" in body


@pytest.mark.parametrize("path, status, said", [
    ("/error", 500, "internal-error: not today"),
    ("/raise", 500, "trapped"),
    ("/silent", 500, "without setting a response"),
    ("/spin", 504, "2000 ms of processor time"),
    ("/bomb", 507, "of 134217728 bytes of memory in use"),
])
def test_what_goes_wrong_is_told_and_harms_nobody(mecha, path, status, said):
    answer = mecha.call(f"/web{path}", "POST", b"")
    assert answer.status == status
    assert said in answer.json["message"]
    assert mecha.call("/web/echo", "POST", b"well").body == b"well"


@pytest.mark.parametrize("name, megabytes", [("web", 128), ("orders", 256)])
def test_a_component_that_wants_more_memory_than_it_may_have(mecha, name, megabytes):
    """The same answer and line as for a core module (test_function_safety.py)."""
    answer = mecha.call(f"/{name}/bomb", "POST", b"")
    assert (answer.status, answer.error) == (507, "ERR_FUNCTION_OUT_OF_MEMORY")
    said = f"of {megabytes << 20} bytes of memory in use"
    assert said in answer.json["message"]
    wait_until(lambda: any("handle failed: " in line and said in line for line in mecha.log.splitlines()), "the log")
    assert mecha.call(f"/{name}/echo", "POST", b"well").body == b"well"


def test_a_trap_is_logged_with_the_names_of_its_functions(mecha):
    assert mecha.call("/web/raise", "POST", b"").status == 500
    line = wait_until(lambda: next((line for line in mecha.log.splitlines() if "handle failed: the function trapped" in line), None), "the log")
    assert "abort < " in line and "incoming-handler" in line
    wait_until(lambda: "ValueError: a mistake in Python" in mecha.log, "the log has it")


def test_its_own_requests_reach_granted_apps_only(mecha):
    answer = mecha.call("/web/forward", "POST", b"on its way", {"x-to": "web"})
    assert (answer.status, answer.body, answer.headers["x-status"]) == (200, b"on its way", "201")
    refused = mecha.call("/web/forward", "POST", b"", {"x-to": "stranger"})
    assert refused.status == 500
    wait_until(lambda: "HttpRequestDenied" in mecha.log, "the log has it")
    assert mecha.call("/web/forward", "POST", b"", {"x-to": "nobody"}).body == b"ErrorCode_DestinationNotFound"


def test_it_sees_what_it_was_granted(mecha):
    seen = mecha.call("/web/surroundings").text
    assert seen == "{'COLOUR': 'green', '/': 'FileNotFoundError'}"
    assert mecha.call("/web/print").status == 204
    wait_until(lambda: "a line to the log" in mecha.log, "the line")


def test_no_path_leads_out_of_a_folder(mecha):
    def run(*lines):
        return mecha.call("/web/files", "POST", "\n".join(lines).encode()).text.splitlines()

    assert run(
        "read /data/a.txt", "write /data/b.txt some words", "append /data/b.txt  and more", "read /data/b.txt", "size /data/b.txt",
        "make /data/sub", "write /data/sub/c.txt deep", "read /data/sub/../sub/c.txt", "rename /data/sub/c.txt /data/d.txt",
        "list /data/sub", "remove /data/d.txt", "list /data",
    ) == [
        "inside", "written", "written", "some words and more", "19", "made", "written", "deep", "renamed", "", "removed",
        "a.txt,b.txt,link,sub,up",
    ]
    for line in [
        "read /data/../outside.txt", "read /data/sub/../../outside.txt", "read /data/up/outside.txt", "read /data/link",
        "read /data//link", "read /data/./link", "write /data/link x", "append /data/link x", "read /outside.txt", "read /etc/passwd",
        "list /data/..", "list /data/up", "list /", "rename /data/b.txt /data/../stolen.txt", "rename /data/../outside.txt /data/x",
        "remove /data/../outside.txt", "make /data/../made", "link /data/way /etc", "write /data/up/made.txt x",
        "read /fixed/../outside.txt", "write /fixed/new.txt x", "append /fixed/a.txt x", "remove /fixed/a.txt", "make /fixed/new",
        "rename /fixed/a.txt /fixed/b.txt", "read /data/" + "x" * 5_000, "read /data/" + "../" * 500 + "etc/passwd",
    ]:
        assert "Error" in run(line)[0], line
    assert (mecha.folder / "outside.txt").read_text() == "outside"
    assert (mecha.folder / "data/a.txt").read_text() == "inside"
    assert not (mecha.folder / "stolen.txt").exists() and not (mecha.folder / "made").exists()
    assert run("read /fixed/a.txt") == ["inside"]


def test_what_is_not_granted_is_named(mecha):
    ended = mecha.run_fn("deploy", "refused", components.web())
    assert ended.returncode == 1
    assert "wasi:clocks/monotonic-clock@0.2.9, which needs the grant `clock`" in ended.stderr
    ended = mecha.run_fn("deploy", "refused", components.web(), *flags(["clock", "random"]))
    assert ended.returncode == 1
    assert "wasi:cli/stdout@0.2.9, which needs the grant `stdout`" in ended.stderr
    ended = mecha.run_fn("deploy", "refused", components.orders(), *flags(["state=statestore"]))
    assert ended.returncode == 1
    assert "mecha:function/pubsub@1.0.0, which needs the grant `pubsub`" in ended.stderr
    assert mecha.call("/refused").status == 404


# --- mecha:function ---

def test_the_world_has_the_capabilities(mecha):
    def call(path, body=b""):
        return mecha.call(f"/orders/{path}", "POST", body).text

    assert [call("count"), call("count")] == ["1", "2"]
    assert json.loads(call("transact")) == {"a": "1", "b": "2", "count": None}
    assert call("conflict").startswith("CONFLICT: ")
    assert call("elsewhere") == "DENIED: the state store other is not granted to the function"
    assert call("publish", b"an order") == "published"
    assert call("bind", b"a file") == "a file"
    assert (mecha.folder / "bound/made.txt").read_text() == "a file"
    assert json.loads(call("secret")) == [["login", "let-me-in"]]
    assert call("lock").startswith("UNIMPLEMENTED: ")
    assert call("variable") == "['green', None]"
    body = os.urandom(1 << 20)
    assert mecha.call("/orders/echo", "POST", body).body == body


def test_the_world_calls_others(mecha):
    answer = mecha.call("/orders/invoke", "POST", b"hello")
    assert answer.status == 200 and answer.text.startswith("DENIED: the app neighbour is not granted")


def test_failures_of_the_world(mecha):
    assert "handle failed: no luck" in mecha.call("/orders/fail", "POST", b"").json["message"]
    assert mecha.call("/orders/fail", "POST", b"").status == 500
    assert mecha.call("/orders/broken", "POST", b"").status == 500
    assert "99 is no status" in mecha.call("/orders/status", "POST", b"").json["message"]
    assert mecha.call("/orders/nothing", "POST", b"").status == 404
    wait_until(lambda: "started with hello" in mecha.log, "the log has it")
    ended = mecha.run_fn(
        "deploy", "orders", components.orders(), "--configuration", "refuse",
        *flags(["state=statestore", "pubsub=pubsub", "invoke=web", "bindings=files", "secrets=vault", "locks=locks"]), "--memory", "256Mi")
    assert ended.returncode == 1 and "the settings say so" in ended.stderr
    assert mecha.call("/orders/echo", "POST", b"goes on").body == b"goes on"
