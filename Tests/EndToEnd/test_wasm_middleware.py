"""proxy-wasm modules in the pipelines of an app (middleware.http.wasm), over real runtimes and apps."""

import concurrent.futures
import http.server
import json
import os
import pathlib
import subprocess
import threading
import time

import pytest
from apps import HTTPApp
from runtime import PATIENCE_SECONDS, Mecha, component, wait_until
from trailers import TrailersApp, call_with_trailers

ROOT = pathlib.Path(__file__).parents[2]
WASMTIME = {"MECHA_WASMTIME": os.environ.get("MECHA_WASMTIME", str(ROOT / ".build/wasmtime/libwasmtime.so"))}


def compiled(folder, *flags):
    path = folder / f"filter{len(flags)}.wasm"
    subprocess.run(
        ["clang", "--target=wasm32-unknown-unknown", "-Os", "-nostdlib", "-Wl,--no-entry", *flags, "-o", str(path),
         str(pathlib.Path(__file__).parent / "guests/filter.c")], check=True, timeout=PATIENCE_SECONDS)
    return path


def echo(handler):
    """What came, as JSON."""
    return 200, json.dumps({
        "verb": handler.command, "path": handler.path, "body": handler.body.decode("latin-1"),
        "headers": {k.lower(): v for k, v in handler.headers.items()}}).encode(), {"content-type": "application/json", "x-app": "1"}


def stream(handler):
    """Events one by one, as long as somebody listens."""
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.end_headers()
    for number in range(3):
        handler.wfile.write(f"data: {number}\n\n".encode())
        handler.wfile.flush()
        time.sleep(0.01)
    handler.close_connection = True


def large(handler):
    return 200, b"x" * int(handler.path.split("?")[1])


@pytest.fixture
def app():
    with HTTPApp(echo=echo, moved=echo, stream=stream, large=large, behind=lambda _: (200, b"asked")) as app:
        yield app


def configuration(place):
    handlers = {"handlers": [{"name": "filter", "type": "middleware.http.wasm"}]}
    return json.dumps({
        "apiVersion": "dapr.io/v1alpha1", "kind": "Configuration", "metadata": {"name": "pipelines"}, "spec": {place: handlers}})


def runtime(folder, app, module, place="appHttpPipeline", **metadata):
    return Mecha(
        folder, "--app-port", str(app.port), config=configuration(place), env=WASMTIME,
        resources={"f.yaml": component("filter", "middleware.http.wasm", {"url": f"file://{module}", **metadata})})


def call(mecha, do=None, path="echo", body=b"payload", **headers):
    headers = {k.replace("_", "-"): v for k, v in headers.items()} | ({"x-do": do} if do else {})
    return mecha.request("POST", f"/v1.0/invoke/app/method/{path}", body=body, headers=headers)


@pytest.mark.parametrize("place", ["appHttpPipeline", "httpPipeline"])
def test_requests_and_responses_pass_the_filter(tmp_path, app, place):
    with runtime(tmp_path, app, compiled(tmp_path), place, guestConfig="by-me") as mecha:
        answer = call(mecha, x_secret="1", x_other="2")
        body, mark, rest = answer.body.partition(b"+filtered")
        seen = json.loads(body)
        assert answer.status == 200 and mark and not rest and answer.headers["x-response"] == "by-me" and answer.headers["x-app"] == "1"
        assert int(answer.headers["content-length"]) == len(answer.body)
        assert seen["body"] == "PAYLOAD" and seen["headers"]["content-length"] == "7"
        assert seen["headers"]["x-filter"] == "by-me" and seen["headers"]["x-other"] == "2" and "x-secret" not in seen["headers"]
        # Without a body, and in pieces of unknown length.
        assert json.loads(call(mecha, body=None).body.split(b"+")[0])["body"] == ""
        pieces = mecha.request("POST", "/v1.0/invoke/app/method/echo", body=iter([b"ab", b"cd"]))
        assert json.loads(pieces.body.split(b"+")[0])["body"] == "ABCD"
        # It answers itself.
        seen_before = len(app.seen)
        denied = call(mecha, "deny")
        assert (denied.status, denied.text.replace("+filtered", ""), denied.headers["x-why"]) == (403, "no entry", "said")
        assert len(app.seen) == seen_before
        changed = call(mecha, "response")
        assert changed.status == 418 and "x-app" not in changed.headers
        # Timers run without requests, and share what they know.
        wait_until(lambda: json.loads(call(mecha).body.split(b"+")[0])["headers"].get("x-ticked") == "yes", "the timer")
        lines = mecha.metrics()
        labels = {("function", "filter"), ("revision", "filter")}
        assert lines["mecha_function_guest_total", frozenset(labels | {("name", "requests")})] >= 5
        assert lines["mecha_function_guest_value", frozenset(labels | {("name", "last")})] == 7
        assert lines["mecha_function_guest_records_total", frozenset(labels | {("name", "sizes")})] >= 2


def test_heads_are_changed_and_not_forged(tmp_path, app):
    with runtime(tmp_path, app, compiled(tmp_path)) as mecha:
        seen = json.loads(call(mecha, "move").body.split(b"+")[0])
        assert (seen["verb"], seen["path"], seen["body"]) == ("PUT", "/moved?by=filter", "PAYLOAD")
        assert "x-forged" not in seen["headers"] and "x-evil" not in seen["headers"] and "transfer-encoding" not in seen["headers"]


def test_what_a_filter_does_wrong_stops_its_request_alone(tmp_path, app):
    with runtime(tmp_path, app, compiled(tmp_path), timeout="2s", maxBody="64Ki") as mecha:
        assert call(mecha).status == 200
        before = len(app.seen)
        for do, status, code in (("trap", 500, "TRAPPED"), ("loop", 504, "TIMED_OUT"), ("x", 500, "TRAPPED")):
            answer = call(mecha, do)
            assert (answer.status, answer.error) == (status, f"ERR_FUNCTION_{code}"), answer
            assert call(mecha).status == 200
        # The pause without anything to wait for, when there is no body to come.
        assert call(mecha, "pause", body=None).status == 500
        assert len(app.seen) == before + 4
        assert call(mecha, body=b"x" * (65 << 10)).status == 413
        assert call(mecha, path="large?70000").status == 502
        assert call(mecha, path="large?60000").status == 200
        for _ in range(150):
            assert call(mecha, "trap").status == 500
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: call(mecha).status, range(100)))
        assert set(answers) == {200}


def test_a_filter_asks_another_app(tmp_path, app):
    module = compiled(tmp_path)
    with Mecha(tmp_path / "other", "--app-port", str(app.port), app_id="other", env={"MECHA_HOME": str(tmp_path / "home")}):
        with runtime(tmp_path, app, module, invoke="other") as mecha:
            seen = json.loads(call(mecha, "call").body.split(b"+")[0])
            assert seen["headers"]["x-asked"] == "asked"
        with runtime(tmp_path, app, module) as mecha:
            assert call(mecha, "call").status == 401
            wait_until(lambda: "not granted" in mecha.log, "the log says why")


def test_responses_stream_past_a_filter_of_requests(tmp_path, app):
    with runtime(tmp_path, app, compiled(tmp_path, "-DREQUESTS_ONLY")) as mecha:
        answer = call(mecha, path="stream")
        assert answer.text == "data: 0\n\ndata: 1\n\ndata: 2\n\n" and "x-response" not in answer.headers


@pytest.mark.parametrize("place", ["appHttpPipeline", "httpPipeline"])
def test_trailers_pass_the_filter(tmp_path, place):
    with TrailersApp() as app, runtime(tmp_path, app, compiled(tmp_path), place) as mecha:
        start, headers, body, trailers = call_with_trailers(
            mecha.http_port, "/v1.0/invoke/app/method/echo", "payload", {"x-checksum": "1", "x-secret": "2"})
        seen = json.loads(body.removesuffix(b"+filtered"))
        assert start.split()[1] == "200" and seen["body"] == "PAYLOAD" and seen["headers"]["x-trailers"] == "2"
        assert seen["trailers"] == {"x-checksum": "1", "x-more": "from the filter"}
        assert headers["x-trailers"] == "2" and trailers == {"x-sum": "changed", "x-kept": "1"}


def test_modules_come_by_http_and_what_is_none_is_told(tmp_path, app):
    module = compiled(tmp_path)
    (tmp_path / "http.wat").write_text("")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    with runtime(tmp_path, app, module, url=f"{url}/{module.name}") as mecha:
        assert call(mecha).headers["x-response"] == "seen"
    with runtime(tmp_path, app, module, url=f"file://{module.name}") as mecha:
        assert call(mecha).headers["x-response"] == "seen"
    (tmp_path / "random.wasm").write_bytes(os.urandom(3_000))
    for bad, part in (
        (f"{url}/gone.wasm", "answered 404"), ("file://gone.wasm", "No such file"), ("file://random.wasm", "cannot be run"),
        ("ftp://x/y", "expected file://"), ("oci://UPPER/x", "no name of an image"),
    ):
        mecha = runtime(tmp_path, app, module, url=bad)
        mecha.launch()
        assert mecha.wait_exit() != 0 and part in mecha.log, (bad, mecha.log[-600:])
    server.shutdown()
    server.server_close()
