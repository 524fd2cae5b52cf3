"""One hop to the app on the same host: CPU time per request beside Envoy, HAProxy and nginx doing the same, and the
latency that each adds at a fixed moderate rate."""

import os
import pathlib
import shutil
import socket
import tempfile
import time

from measuring import FLOORS, Mecha, Server, envoy_address, envoy_configuration, envoy_program, free_port, microseconds_per_request
from measuring import report, wait_for

RATE, SECONDS = 2_000, int(os.environ.get("LATENCY_SECONDS", "5"))
NGINX = """
daemon off; worker_processes 1; pid {home}/nginx.pid; error_log {home}/nginx.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/f;
    uwsgi_temp_path {home}/u; scgi_temp_path {home}/s; keepalive_requests 100000000;
    upstream app {{ server 127.0.0.1:{app}; keepalive 64; keepalive_requests 100000000; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    }}
}}
"""
HAPROXY = """
global
    nbthread 1
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 30s
listen app
    bind 127.0.0.1:{port}
    http-reuse always
    server app 127.0.0.1:{app}
"""


def envoy_hop(port, app_port):
    endpoint = {"endpoint": {"address": envoy_address(app_port)}}
    cluster = {"name": "app", "connect_timeout": "1s", "type": "STATIC", "load_assignment": {
        "cluster_name": "app", "endpoints": [{"lb_endpoints": [endpoint]}]}}
    return envoy_configuration(port, {"route": {"cluster": "app"}}, clusters=[cluster])


def peers(home, port, app_port):
    """Each peer that is installed: its name, its command, and whether a child process does the work."""
    envoy = envoy_program()
    path = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
    found = []
    if envoy:
        file = pathlib.Path(home, "envoy.json")
        file.write_text(envoy_hop(port, app_port))
        found.append(("Envoy", [envoy, "-c", file, "--concurrency", "1", "--use-dynamic-base-id", "-l", "off"], False))
    for name, text, words, forks in (
            ("HAProxy", HAPROXY, ["haproxy", "-db", "-f"], False), ("nginx", NGINX, ["nginx", "-p", home, "-c"], True)):
        if program := shutil.which(words[0], path=path):
            file = pathlib.Path(home, words[0] + ".conf")
            file.write_text(text.format(home=home, port=port, app=app_port))
            found.append((name, [program, *words[1:], file], forks))
    return found


def worker(pid):
    """The child that serves, of a server that forks."""
    return int(open(f"/proc/{pid}/task/{pid}/children").read().split()[0])


def latencies(port, path):
    """Time of each answer in ms, sorted, for requests that are sent at fixed times over one connection: p50 and p99."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        times, next_time = [], time.perf_counter()
        for _ in range(RATE * SECONDS):
            while (now := time.perf_counter()) < next_time:
                pass
            connection.sendall(request)
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += connection.recv(65536)
            times.append((time.perf_counter() - now) * 1000)
            next_time += 1 / RATE
    times.sort()
    return times[len(times) // 2], times[len(times) * 99 // 100]


def main():
    with tempfile.TemporaryDirectory() as home:
        app_port, port = free_port(), free_port()
        path = "/v1.0/invoke/bench/method/x"
        with Server(FLOORS, "http1", app_port, 16):
            wait_for(app_port)
            rows = [("no hop", latencies(app_port, "/x"))]
            with Mecha(home, "--app-port", app_port) as mecha:
                ours = microseconds_per_request(mecha.pid, f"http://127.0.0.1:{mecha.http}{path}", "--h1")
                rows.append(("Mecha", latencies(mecha.http, path)))
            for name, command, forks in peers(home, port, app_port):
                with Server(*command) as server:
                    wait_for(port)
                    pid = worker(server.pid) if forks else server.pid
                    theirs = microseconds_per_request(pid, f"http://127.0.0.1:{port}/x", "--h1")
                    rows.append((name, latencies(port, "/x")))
                report(f"invocation of the local app / {name}", ours, theirs, 0.85 if name == "Envoy" else None)
        for name, (p50, p99) in rows:
            print(f"{f'  latency at {RATE}/s: {name}':46} {p50:7.3f} ms p50  {p99:7.3f} ms p99", flush=True)


main()
