"""Many idle keep-alive connections: what each costs in resident memory, and that the rest is served meanwhile."""

import os
import resource
import socket
import sys
import tempfile
import time
import urllib.request

from measuring import Mecha, component, resident_mib

CONNECTIONS = int(os.environ.get("CONNECTIONS", "10000"))
# Each source address has ports of its own.
CONNECTIONS_PER_ADDRESS = 5000
REQUEST = b"GET /v1.0/state/store/none HTTP/1.1\r\nhost: x\r\n\r\n"


def connect(port, number):
    source = f"127.0.0.{2 + number // CONNECTIONS_PER_ADDRESS}"
    return socket.create_connection(("127.0.0.1", port), 10, (source, 0))


def ask(connection):
    connection.sendall(REQUEST)
    answer = connection.recv(4096)
    if not answer.startswith(b"HTTP/1.1 204 "):
        sys.exit(f"a connection was answered {answer[:100]!r}")


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < CONNECTIONS + 200:
        sys.exit(f"{CONNECTIONS} connections need as many open files; at most {hard} are allowed (ulimit -Hn)")
    # The runtime inherits it.
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, CONNECTIONS + 1000)), hard))
    with tempfile.TemporaryDirectory() as home, Mecha(home, resources=component("state.in-memory")) as mecha:
        for number in range(200):
            with connect(mecha.http, number) as connection:
                ask(connection)
        before = resident_mib(mecha.pid)
        connections = [connect(mecha.http, number) for number in range(CONNECTIONS)]
        # Accepted when it answers.
        ask(connections[-1])
        time.sleep(1)
        opened = resident_mib(mecha.pid)
        for connection in connections:
            ask(connection)
        served = resident_mib(mecha.pid)
        for connection in connections[::97]:
            ask(connection)
        with urllib.request.urlopen(f"http://127.0.0.1:{mecha.http}/v1.0/healthz/outbound") as answer:
            assert answer.status == 204
        for connection in connections:
            connection.close()
        per = 1024 / CONNECTIONS
        name = f"{CONNECTIONS:,} idle connections, each"
        print(f"{name:46} {(opened - before) * per:7.2f} KiB before, {(served - before) * per:7.2f} KiB after its first request")
        print(f"{'resident memory with them':46} {served:7.1f} MiB")


main()
