"""Functions from outside: nothing of the engine is in a process without them, and one deployed answers."""

import json
import pathlib
import shutil
import subprocess

import pytest

from functions import FunctionRuntime
from runtime import BINARY, Mecha, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def hello(tmp_path_factory):
    """The C kit's example."""
    output = tmp_path_factory.mktemp("guest") / "hello.wasm"
    subprocess.run(
        [shutil.which("clang") or "clang", "--target=wasm32-unknown-unknown", "-Os", "-nostdlib", "-Wl,--no-entry",
         f"-I{ROOT}/guests/c", "-o", str(output), str(ROOT / "guests/c/hello.c")], check=True)
    return output


def mappings(mecha):
    return pathlib.Path(f"/proc/{mecha.process.pid}/maps").read_text()


def test_the_engine_comes_with_the_first_function(tmp_path, hello):
    with Mecha(tmp_path, resources_flag=False) as mecha:
        assert "libwasmtime" not in mappings(mecha)
        subprocess.run(
            [BINARY, "fn", "deploy", "hello", str(hello), "--grant", "state=*"], env=mecha.environment(), cwd=tmp_path, check=True)
        assert "libwasmtime" in mappings(mecha)

        def answers():
            response = mecha.request("POST", "/v1.0/invoke/hello/method/greet", body=b"Ann")
            assert response.status == 200, response
            return response.text.startswith("Hello, Ann! Greeting number ")

        wait_until(answers, "the function to answer")


def test_fuel_is_counted_alike_for_like_calls(tmp_path, hello):
    with FunctionRuntime(tmp_path, resources_flag=False) as mecha:
        mecha.fn("deploy", "counted", hello, "--grant", "state=*", "--fuel", "1000000")
        spent = [0]
        for _ in range(4):
            assert mecha.call("/counted", "POST", b"the same").status == 200
            spent.append(mecha.fn_json("usage", "counted")["total"]["fuel"])
        steps = [after - before for before, after in zip(spent, spent[1:])]
        # The first one finds no greeting that was counted before.
        assert steps[1] > 100 and steps[1] == steps[2] == steps[3]
        samples = {labels: value for (name, labels), value in mecha.metrics().items() if name == "mecha_function_fuel_total"}
        assert list(samples.values()) == [spent[-1]]
        mecha.fn("deploy", "counted", hello, "--grant", "state=*", "--fuel", "10")
        answer = mecha.call("/counted", "POST", b"the same")
        assert answer.status == 504 and "its 10 of fuel" in answer.json["message"]
