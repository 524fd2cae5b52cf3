"""Functions written for Layotto run unmodified: its header, its port, its three additions to proxy-wasm."""

import pathlib
import subprocess

from functions import FunctionRuntime
from runtime import PATIENCE_SECONDS, component, wait_until

SOURCE = pathlib.Path(__file__).parent / "guests/layotto.c"


def compiled(folder, name, *flags):
    path = folder / f"{name}.wasm"
    subprocess.run(
        ["clang", "--target=wasm32-unknown-unknown", "-Os", "-nostdlib", "-Wl,--no-entry", "-Wno-builtin-requires-header", *flags, "-o",
         str(path), str(SOURCE)], check=True, timeout=PATIENCE_SECONDS)
    return path


def test_the_example_of_layotto(tmp_path, redis_server):
    store = component("redis", "state.redis", {"redisHost": redis_server.address, "keyPrefix": "none"})
    with FunctionRuntime(tmp_path, app_id="app", resources={"redis.yaml": store}) as runtime:
        redis_server.client().delete("book1")
        saved = runtime.request("POST", "/v1.0/state/redis", json_body=[{"key": "book1", "value": 100}])
        assert saved.status == 204
        runtime.fn("deploy", "function-1", compiled(tmp_path, "function_1", "-DFRONT", '-DID="id_1"'), "--grant", "invoke=id_2",
                   "--grant", "stdout")
        runtime.fn("deploy", "function-2", compiled(tmp_path, "function_2", '-DID="id_2"'), "--grant", "state=redis", "--grant", "stdout")
        described = runtime.fn_json("describe", "function-1")
        assert described["revisions"][0]["abi"] == "proxy-wasm"
        # curl -H 'id:id_1' 'localhost:2045?name=book1'
        for target, verb, body in (("/?name=book1", "GET", None), ("/", "POST", "name=book1"), ("?name=book1", "GET", None)):
            if not target.startswith("/"):
                continue
            answer = runtime.call(target, verb, body, headers={"id": "id_1"})
            assert (answer.status, answer.text) == (200, "There are 100 inventories for book1."), answer
        assert runtime.call("/?name=book1", headers={"id": "id_2"}).text == "100"
        assert runtime.request("GET", "/v1.0/invoke/function-1/method/?name=book1").text == "There are 100 inventories for book1."
        # Neither without an id, nor for one that nobody has.
        assert runtime.call("/?name=book1").status == 404 and runtime.call("/?name=book1", headers={"id": "id_3"}).status == 404
        assert "ready" in runtime.fn("logs", "function-1")
        # A failure of the callee is one of the caller.
        runtime.fn("delete", "function-2")
        assert runtime.call("/?name=book1", headers={"id": "id_1"}).status == 500
        assert "nobody answers" in runtime.fn("logs", "function-1")
        series = "mecha_function_guest_total", frozenset({("function", "function-1"), ("revision", "1"), ("name", "asked")})
        assert runtime.metrics()[series] >= 4
        # A new module takes over the id.
        runtime.fn("deploy", "other", compiled(tmp_path, "other", '-DID="id_1"'), "--grant", "state=redis", "--grant", "stdout")
        wait_until(lambda: runtime.fn_json("list"), "the list")


def test_what_is_not_granted_is_told(tmp_path):
    with FunctionRuntime(tmp_path, app_id="app") as runtime:
        path = compiled(tmp_path, "function_1", "-DFRONT", '-DID="id_1"')
        # What proxy-wasm asks every host for needs no grant.
        runtime.fn("deploy", "function-1", path)
        assert runtime.call("/?name=x", headers={"id": "id_1"}).status == 500
        assert "not granted" in runtime.fn("logs", "function-1")


def test_the_standard_port_is_layottos(tmp_path):
    """Unless somebody has it already."""
    runtime = FunctionRuntime(tmp_path, app_id="app")
    place = runtime.flags.index("--functions-port")
    del runtime.flags[place:place + 2]
    with runtime:
        runtime.fn("deploy", "function-2", compiled(tmp_path, "function_2", '-DID="id_2"'), "--grant", "state=*", "--grant", "stdout")
        url = runtime.fn_json("list")[0]["url"]
        assert url == "http://127.0.0.1:2045/function-2" or "functions are served on a free port instead" in runtime.log
