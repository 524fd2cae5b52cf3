"""What functions cannot do to the process and to each other: traps without end, one that misbehaves among many,
headers beyond measure."""

import http.client
import pathlib
import subprocess
import threading

import pytest

from functions import FunctionRuntime
from runtime import PATIENCE_SECONDS, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(240)
GOOD = 30


@pytest.fixture(scope="module")
def exercise(tmp_path_factory):
    """The module of the engine's own tests: traps, spins, eats memory when asked."""
    output = tmp_path_factory.mktemp("guest") / "exercise.wasm"
    subprocess.run(
        ["clang", "--target=wasm32-unknown-unknown", "-Os", "-nostdlib", "-Wl,--no-entry", f"-I{ROOT}/guests/c", "-o", str(output),
         str(ROOT / "Tests/Guests/exercise.c")], check=True, timeout=PATIENCE_SECONDS)
    return output


GRANTS = [word for grant in ["state=*", "pubsub=*", "bindings=*", "secrets=*", "invoke=*", "clock", "random", "env=*"]
          for word in ("--grant", grant)]


def resident_kilobytes(mecha):
    for line in pathlib.Path(f"/proc/{mecha.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("the process is gone")


class Caller:
    """Requests on one connection."""

    def __init__(self, mecha):
        self.connection = http.client.HTTPConnection("127.0.0.1", mecha.functions_port, timeout=PATIENCE_SECONDS)

    def __call__(self, path, body=b""):
        self.connection.request("POST", path, body)
        response = self.connection.getresponse()
        return response.status, response.read()


def test_ten_thousand_traps_leave_nothing_behind(tmp_path, exercise):
    with FunctionRuntime(tmp_path, resources_flag=False) as mecha:
        mecha.fn("deploy", "broken", exercise, *GRANTS)
        mecha.fn("deploy", "sound", exercise, *GRANTS)
        call = Caller(mecha)
        # The slots, arenas and buffers that stay are there after the first of them.
        for _ in range(2_000):
            assert call("/broken/trap")[0] == 500
        before = resident_kilobytes(mecha)
        for number in range(8_000):
            assert call("/broken/trap")[0] == 500
            if number % 500 == 0:
                assert call("/sound/echo", b"well") == (201, b"well")
        assert resident_kilobytes(mecha) < before + 8_192
        usage = mecha.fn_json("usage", "broken")["total"]
        assert usage["calls"] == usage["failures"] == 10_000
        instances = [value for (name, _), value in mecha.metrics().items() if name == "mecha_function_instances"]
        assert sum(instances) == 0


def test_one_of_many_misbehaves_and_the_others_answer(tmp_path, exercise):
    resources = tmp_path / "resources"
    resources.mkdir()
    (resources / "exercise.wasm").write_bytes(exercise.read_bytes())
    document = """
apiVersion: mecha.io/v1alpha1
kind: Function
metadata: {name: NAME}
spec:
  source: {file: exercise.wasm}
  abi: mecha
  grants: {state: ["*"], pubsub: ["*"], bindings: ["*"], secrets: ["*"], invoke: ["*"], clock: true, random: true, env: [HOME]}
  limits: {cpu: 200ms, time: 20s, memory: 16Mi}
"""
    documents = [document.replace("NAME", f"good-{number}") for number in range(GOOD - 1)] + [document.replace("NAME", "bad")]
    with FunctionRuntime(tmp_path, resources={"functions.yaml": "---".join(documents)}) as mecha:
        for name in [f"good-{number}" for number in range(GOOD - 1)] + ["bad"]:
            wait_until(lambda: mecha.call(f"/{name}/echo", "POST", b"").status == 201, name, seconds=120)
        over = threading.Event()
        outcomes = {}

        def misbehave(path):
            call = Caller(mecha)
            while not over.is_set():
                status, _ = call(f"/bad/{path}")
                outcomes.setdefault(path, set()).add(status)

        threads = [threading.Thread(target=misbehave, args=(path,)) for path in ("spin", "bomb", "trap", "deep", "large")]
        for thread in threads:
            thread.start()
        try:
            call = Caller(mecha)
            for number in range(GOOD - 1):
                body = f"function {number}".encode()
                assert call(f"/good-{number}/echo", body) == (201, body)
        finally:
            over.set()
            for thread in threads:
                thread.join()
        assert outcomes == {"spin": {504}, "bomb": {507}, "trap": {500}, "deep": {500}, "large": {502}}
        assert mecha.call("/bad/echo", "POST", b"well").body == b"well"


def test_headers_beyond_measure_are_refused(tmp_path, exercise):
    with FunctionRuntime(tmp_path, resources_flag=False) as mecha:
        mecha.fn("deploy", "sound", exercise, *GRANTS)
        for headers in ({"x-large": "x" * (1 << 20)}, {f"x-{number}": "x" * 1_000 for number in range(90)}):
            try:
                assert mecha.call("/sound/echo", "POST", b"", headers).status == 431
            except (ConnectionError, http.client.HTTPException):
                pass  # Refused while it was still being sent.
        assert mecha.call("/sound/echo", "POST", b"well", {"x-fits": "x" * 4_000}).body == b"well"
