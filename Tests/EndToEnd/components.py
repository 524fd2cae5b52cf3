"""Components of WebAssembly for the end-to-end tests, made from Python by componentize-py. Each is built once for its
sources and kept under .build, as its compiled code is: both take seconds."""

import hashlib
import importlib.metadata
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[2]
GUESTS = pathlib.Path(__file__).parent / "guests"
BUILT = ROOT / ".build/components"
# Where a runtime of the tests keeps machine code.
CODE = "home/data/functions/cache"


def _build(name, program, world, interfaces, module, *flags):
    """The path of the component that the Python module ``module`` in the folder ``program`` becomes."""
    sources = [program / f"{module}.py", *sorted(interfaces)]
    digest = hashlib.sha256(importlib.metadata.version("componentize-py").encode())
    for source in sources:
        digest.update(source.read_bytes())
    built = BUILT / f"{name}-{digest.hexdigest()[:16]}.wasm"
    if built.exists():
        return built
    BUILT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        wit = pathlib.Path(folder) / "wit"
        (wit / "deps").mkdir(parents=True)
        for source in interfaces:
            shutil.copy(source, wit / source.name if source.name == "world.wit" else wit / "deps" / source.name)
        output = pathlib.Path(folder) / "built.wasm"
        ended = subprocess.run(
            [pathlib.Path(sys.executable).parent / "componentize-py", "-d", wit, "-w", world, "componentize", *flags, "-p", program,
             module, "-o", output], capture_output=True, text=True, timeout=120, cwd=folder)
        assert ended.returncode == 0, ended.stderr
        output.rename(built) if output.stat().st_dev == BUILT.stat().st_dev else shutil.move(output, built)
    return built


def web():
    """Answers by wasi:http/incoming-handler; imports all of WASI."""
    folder = GUESTS / "wasi-http"
    return _build("web", GUESTS / "python-web", "web", [folder / "world.wit", *(folder / "deps").glob("*.wit")], "web")


def orders():
    """Of the world mecha:function; imports nothing of WASI."""
    folder = GUESTS / "python-function"
    return _build(
        "orders", folder, "orders", [folder / "world.wit", ROOT / "guests/wit/function.wit"], "orders", "--stub-wasi")


def lend_code(folder):
    """Gives a runtime with that folder the machine code of earlier runs."""
    kept = BUILT / "code"
    if kept.exists():
        shutil.copytree(kept, pathlib.Path(folder) / CODE)


def keep_code(folder):
    """Keeps the machine code that a runtime made."""
    shutil.rmtree(BUILT / "code", ignore_errors=True)
    shutil.copytree(pathlib.Path(folder) / CODE, BUILT / "code")
