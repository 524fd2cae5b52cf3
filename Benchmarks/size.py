"""How soon a runtime is there and what it keeps: start, memory idle, after a load, and for each further app."""

import pathlib
import tempfile
import time

from measuring import MECHA, Mecha, Server, free_port, load, resident_mib, wait_for

FURTHER_APPS = 20
SETTLE_SECONDS = 2


def one_app(home):
    with Mecha(home) as mecha:
        print(f"{'start to healthz/outbound, SQLite default':46} {mecha.start_milliseconds:7.1f} ms  (at most 80)")
        time.sleep(SETTLE_SECONDS)
        print(f"{'resident memory idle':46} {resident_mib(mecha.pid):7.1f} MiB (at most 22)")
        load(f"http://127.0.0.1:{mecha.http}/v1.0/state/statestore/none", 200_000, "--h1")
        print(f"{'  after 200,000 requests':46} {resident_mib(mecha.pid):7.1f} MiB (at most 32)", flush=True)


def template(home, count):
    """Memory of a run of `count` apps that have no command and share one process."""
    rows, port = [], 0
    for number in range(count):
        port = free_port()
        pathlib.Path(home, f"app{number}").mkdir(parents=True)
        rows.append(f"  - {{appID: app{number}, appDirPath: app{number}, daprHTTPPort: {port}}}")
    file = pathlib.Path(home, "dapr.yaml")
    file.write_text("version: 1\napps:\n" + "\n".join(rows) + "\n")
    with Server(MECHA, "run", "-f", file, env={"MECHA_HOME": str(home)}) as run:
        wait_for(port)
        time.sleep(SETTLE_SECONDS)
        return resident_mib(run.pid)


def main():
    with tempfile.TemporaryDirectory() as home:
        one_app(home)
    with tempfile.TemporaryDirectory() as home:
        few = template(pathlib.Path(home, "few"), 1)
        many = template(pathlib.Path(home, "many"), 1 + FURTHER_APPS)
        print(f"{'  each further app of the process':46} {(many - few) / FURTHER_APPS:7.2f} MiB (at most 1)", flush=True)


main()
