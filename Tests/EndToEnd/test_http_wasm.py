"""Handlers of http-wasm, Dapr's own kind of WebAssembly middleware, in both pipelines of a runtime."""

import concurrent.futures
import json
import pathlib
import re
import socket
import subprocess

import pytest
from apps import HTTPApp
from functions import FunctionRuntime
from runtime import PATIENCE_SECONDS, wait_until
from test_wasm_middleware import echo, large, runtime
from trailers import TrailersApp, call_with_trailers

PLACES = ["appHttpPipeline", "httpPipeline"]


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    path = tmp_path_factory.mktemp("handler") / "handler.wasm"
    subprocess.run(
        ["clang", "--target=wasm32-unknown-unknown", "-Os", "-nostdlib", "-fno-builtin", "-Wl,--no-entry", "-o", str(path),
         str(pathlib.Path(__file__).parent / "guests/handler.c")], check=True, timeout=PATIENCE_SECONDS)
    return path


@pytest.fixture
def app():
    with HTTPApp(echo=echo, moved=echo, large=large) as app:
        yield app


def call(mecha, do=None, path="echo?a=b", body=b"payload", **headers):
    headers = {k.replace("_", "-"): v for k, v in headers.items()} | ({"x-do": do} if do else {})
    return mecha.request("POST", f"/v1.0/invoke/app/method/{path}", body=body, headers=headers)


@pytest.mark.parametrize("place", PLACES)
def test_requests_and_responses_pass_the_handler(tmp_path, app, module, place):
    with runtime(tmp_path, app, module, place, guestConfig="3-mine") as mecha:
        answer = call(mecha, x_secret="1", x_many="one")
        seen = json.loads(answer.body)
        assert answer.status == 200 and answer.headers["x-response"] == "3-mine" and answer.headers["x-early"] == "yes"
        assert "x-app" not in answer.headers
        assert (seen["verb"], seen["path"], seen["body"]) == ("POST", "/echo?a=b", "payload")
        assert seen["headers"]["x-filter"] == "3-mine" and "x-secret" not in seen["headers"]
        # Bodies: changed in the request, and in the response with its status.
        assert json.loads(call(mecha, "u").body)["body"] == "PAYLOAD"
        assert json.loads(call(mecha, "u", body=iter([b"ab", b"cd" * 300])).body)["body"] == "AB" + "CD" * 300
        changed = call(mecha, "r")
        assert changed.status == 418 and b'"BODY": "PAYLOAD"' in changed.body and changed.body.endswith(b"+filtered")
        assert int(changed.headers["content-length"]) == len(changed.body)
        # Read, and passed on as it was.
        assert json.loads(call(mecha, "c").body)["body"] == "payload"
        assert json.loads(call(mecha, body=None).body)["body"] == ""
        wait_until(lambda: "well" in mecha.log, "the log has it")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: json.loads(call(mecha, "u", body=f"n{n}".encode()).body)["body"], range(100)))
        assert answers == [f"N{n}" for n in range(100)]


@pytest.mark.parametrize("place", PLACES)
def test_a_handler_answers_itself_or_sends_elsewhere(tmp_path, app, module, place):
    with runtime(tmp_path, app, module, place, guestConfig="2") as mecha:
        before = len(app.seen)
        denied = call(mecha, "deny")
        assert (denied.status, denied.text, denied.headers["x-why"]) == (403, "no entry", "said")
        # Without a word it is an empty 200.
        empty = call(mecha, "over")
        assert (empty.status, empty.body) == (200, b"")
        shown = call(mecha, "show", x_many="1")
        first, names, rest = shown.body.split(b"\n")
        path = "/echo?a=b" if place == "appHttpPipeline" else "/v1.0/invoke/app/method/echo?a=b"
        source = r"" if place == "appHttpPipeline" else r"127\.0\.0\.1:\d+"
        assert re.fullmatch(rf"POST {re.escape(path)} HTTP/1\.1 {source}", first.decode()), first
        assert b"x-many" in names.split(b"\0") and b"x-do" in names.split(b"\0") and names == names.lower()
        assert rest == b"11\x00?" and shown.headers["content-type"] == "text/plain"
        assert len(app.seen) == before
        if place == "appHttpPipeline":
            moved = json.loads(call(mecha, "move").body)
            assert (moved["verb"], moved["path"], moved["body"]) == ("PUT", "/moved?by=filter", "payload")
        else:
            # There it is the API's own path.
            assert call(mecha, "move").status == 404


def test_what_was_not_enabled_is_an_error(tmp_path, app, module):
    with runtime(tmp_path, app, module, guestConfig="0") as mecha:
        # The response streams past, and its head is as the app sent it, with what was set before.
        answer = call(mecha)
        assert answer.status == 200 and answer.headers["x-app"] == "1" and "x-response" not in answer.headers
        assert answer.headers["x-early"] == "yes"
        # What was read is gone then.
        assert json.loads(call(mecha, "c").body)["body"] == "yload"
        late = call(mecha, "x")
        # Nothing of the response goes out that the handler was to look at.
        assert (late.status, late.error) == (500, "ERR_FUNCTION_FAILED") and "buffer_response" in late.text
        large = mecha.request("POST", "/v1.0/invoke/app/method/large?3000000", headers={"x-do": "x"})
        assert (late.status, late.error) == (500, "ERR_FUNCTION_FAILED") and len(large.body) < 1000
        # Enabled for one request only.
        assert call(mecha, "f").headers["x-response"] == "0"
        assert "x-response" not in call(mecha).headers


def test_misuse_ends_the_request_alone(tmp_path, app, module):
    with runtime(tmp_path, app, module, guestConfig="2", timeout="2s", maxBody="64Ki") as mecha:
        before = len(app.seen)
        for which in "12345678a":
            answer = call(mecha, f"e{which}")
            assert (answer.status, answer.error) == (500, "ERR_FUNCTION_FAILED") and "http-wasm: " in answer.text, (which, answer)
        for do, status, code in (("e9", 500, "TRAPPED"), ("t", 500, "TRAPPED"), ("l", 504, "TIMED_OUT")):
            answer = call(mecha, do)
            assert (answer.status, answer.error) == (status, f"ERR_FUNCTION_{code}"), (do, answer)
        assert len(app.seen) == before
        # The request cannot be changed any more.
        assert call(mecha, "q").error == "ERR_FUNCTION_FAILED"
        assert call(mecha).status == 200
        assert call(mecha, body=b"x" * (65 << 10)).status == 413
        assert call(mecha, path="large?70000").status == 502
        assert call(mecha, path="large?60000").status == 200


def drop(handler):
    """Goes away without an answer."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def test_a_handler_hears_that_there_is_no_response(tmp_path, module):
    with HTTPApp(echo=echo, drop=drop) as app, runtime(tmp_path, app, module, guestConfig="2") as mecha:
        assert call(mecha, path="drop").status >= 500
        wait_until(lambda: "there was no response" in mecha.log, "the handler's line")
        assert call(mecha).status == 200


@pytest.mark.parametrize("place", PLACES)
def test_trailers(tmp_path, module, place):
    with TrailersApp() as app, runtime(tmp_path, app, module, place, guestConfig="7") as mecha:
        start, headers, body, trailers = call_with_trailers(
            mecha.http_port, "/v1.0/invoke/app/method/echo", "payload", {"x-checksum": "1"}, {"x-do": "u"})
        seen = json.loads(body)
        assert start.split()[1] == "200" and seen["body"] == "PAYLOAD" and seen["trailers"] == {"x-checksum": "1"}
        assert headers["x-trailers"] == "x-sum" and trailers == {"x-sum": "changed", "x-kept": "1"}


def test_modules_that_are_no_handlers_are_told(tmp_path, app):
    def compiled(name, code):
        path = tmp_path / f"{name}.wasm"
        subprocess.run(
            ["clang", "--target=wasm32-unknown-unknown", "-nostdlib", "-Wl,--no-entry", "-o", str(path), "-x", "c", "-"],
            input=code.encode(), check=True, timeout=PATIENCE_SECONDS)
        return path

    half = compiled("half", '__attribute__((export_name("handle_request"))) long long handle(void) { return 1; }')
    other = compiled("other", '__attribute__((export_name("handle"))) int handle(void) { return 1; }')
    for path, part in ((half, "handle_response"), (other, "is no filter")):
        mecha = runtime(tmp_path, app, path)
        mecha.launch()
        assert mecha.wait_exit() != 0 and part in mecha.log, mecha.log[-600:]


def test_a_handler_is_a_function_too(tmp_path, module):
    with FunctionRuntime(tmp_path, app_id="app") as mecha:
        mecha.fn("deploy", "guard", module)
        assert mecha.fn_json("describe", "guard")["revisions"][0]["abi"] == "http-wasm"
        denied = mecha.call("/guard/x", headers={"x-do": "deny"})
        assert (denied.status, denied.text, denied.headers["x-why"]) == (403, "no entry", "said")
        # Nobody stands behind it.
        assert mecha.call("/guard/x").status == 404
