"""Durable messages: what `make bench` says of pubsub.sqlite. `python Benchmarks/durable.py` runs it alone."""

import os
import pathlib
import subprocess
import tempfile
import time

from measuring import FLOORS, cpu_seconds

MESSAGES = int(os.environ.get("MESSAGES", "300000"))
IDLE_SECONDS = int(os.environ.get("IDLE_SECONDS", "20"))


def durable_messages(home):
    """Publish and delivery through pubsub.sqlite beside the same rows by the C library in transactions of the same
    size; then the time from publication to delivery between two idle processes, and what idling costs."""
    messages, size = MESSAGES, 200

    def numbers(*command):
        output = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True).stdout
        return {name: float(number) for name, number in (line.split() for line in output.splitlines())}

    bus = numbers(FLOORS, "sqlite-bus", pathlib.Path(home, "bus.db"), messages, size)
    batch = max(1, round(messages / bus["commits"]))
    raw = numbers(FLOORS, "sqlite-raw", pathlib.Path(home, "raw.db"), messages, size, batch)
    rate, floor = messages / bus["seconds"], messages / raw["seconds"]
    missed = "" if rate >= 20_000 and floor <= 1.5 * rate else "  MISSED"
    print(f"{'durable publish + delivery, pubsub.sqlite':46} {rate:8.0f}/s  {floor:8.0f}/s  {floor / rate:5.2f} x  (at least 20000/s, at most 1.50 x){missed}")
    print(f"{'  CPU per message, ' + str(batch) + ' to a commit':46} {bus['cpu'] / messages * 1e6:7.2f} us  {raw['cpu'] / messages * 1e6:7.2f} us", flush=True)

    file = pathlib.Path(home, "latency.db")
    receiver = subprocess.Popen([str(FLOORS), "sqlite-receive", str(file)], stdout=subprocess.PIPE, text=True)
    try:
        receiver.stdout.readline()
        count = 500
        subprocess.run([str(FLOORS), "sqlite-send", str(file), str(count)], check=True, stdout=subprocess.DEVNULL)
        latencies = sorted(int(receiver.stdout.readline().split()[1]) / 1000 for _ in range(count))
        p50, p99 = latencies[count // 2], latencies[count * 99 // 100]
        print(f"{'  latency between two processes, idle':46} {p50:5.2f} ms p50, {p99:5.2f} ms p99 (at most 5){'' if p99 <= 5 else '  MISSED'}", flush=True)
        before = cpu_seconds(receiver.pid)
        time.sleep(IDLE_SECONDS)
        idle = (cpu_seconds(receiver.pid) - before) / IDLE_SECONDS * 100
        print(f"{'  CPU of an idle subscriber':46} {idle:7.2f} %  (below 0.3){'' if idle < 0.3 else '  MISSED'}", flush=True)
    finally:
        receiver.kill()
        receiver.wait()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=".build") as folder:
        durable_messages(folder)
