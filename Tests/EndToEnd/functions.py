"""WebAssembly functions for the end-to-end tests: compiled from C with the guest kit of the project, and deployed
through the command line."""

import json
import os
import pathlib
import subprocess

from runtime import BINARY, PATIENCE_SECONDS, Mecha, free_port, request

ROOT = pathlib.Path(__file__).parents[2]
SOURCE = pathlib.Path(__file__).parent / "guests/lifecycle.c"
_modules = {}


def module(folder, answer, keeps=False, needs=False):
    """The path of a module whose answer is that text, that uses state if it ``keeps``, and cannot start without if it
    ``needs``."""
    folder = pathlib.Path(folder)
    if (answer, keeps, needs) not in _modules:
        path = folder / f"{len(_modules)}-{answer}.wasm"
        subprocess.run(
            [
                "clang", "--target=wasm32-unknown-unknown", "-Os", "-nostdlib", "-Wl,--no-entry", f"-I{ROOT}/guests/c",
                f'-DANSWER="{answer}"', *(["-DKEEPS"] if keeps else []),
                *(["-DNEEDS"] if needs else []), "-o", str(path), str(SOURCE),
            ], check=True, timeout=PATIENCE_SECONDS)
        _modules[answer, keeps, needs] = path.read_bytes()
    path = folder / f"{answer}.wasm"
    path.write_bytes(_modules[answer, keeps, needs])
    return path


class FunctionRuntime(Mecha):
    """A runtime with a functions' port, and `mecha fn` for it."""

    def __init__(self, folder, *flags, **options):
        self.functions_port = free_port()
        super().__init__(folder, "--functions-port", str(self.functions_port), *flags, **options)

    def run_fn(self, *words, cwd=None, timeout=PATIENCE_SECONDS * 2):
        """Runs `mecha fn` and answers the ended process."""
        return subprocess.run(
            [BINARY, "fn", *map(str, words)], env=self.environment(), cwd=cwd or self.folder, capture_output=True, text=True,
            timeout=timeout)

    def fn(self, *words, cwd=None, timeout=PATIENCE_SECONDS * 2):
        """What `mecha fn` prints; fails when it does."""
        ended = self.run_fn(*words, cwd=cwd, timeout=timeout)
        assert ended.returncode == 0, f"fn {words}: {ended.stderr}\n{self.log}"
        return ended.stdout

    def fn_json(self, *words):
        return json.loads(self.fn(*words, "-o", "json"))

    def call(self, path, method="GET", body=None, headers=None):
        return request(self.functions_port, method, path, body, headers)

    def maps_engine(self):
        return "libwasmtime" in pathlib.Path(f"/proc/{self.process.pid}/maps").read_text()

    def environment(self):
        return super().environment() | {"MECHA_WASMTIME": os.environ.get("MECHA_WASMTIME", str(ROOT / ".build/wasmtime/libwasmtime.so"))}
