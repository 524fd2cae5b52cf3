"""Messages: CPU time per message as ratios, and memory with brokers connected."""

import contextlib
import json
import pathlib
import sys
import tempfile
import time
import urllib.request

from measuring import FLOORS, REQUESTS, Mecha, Server, component, cpu_seconds, free_port, grpc_frame, load, microseconds_per_request
from measuring import report, resident_mib, wait_for

sys.path.append(str(pathlib.Path(__file__).parents[1] / "Tests/EndToEnd"))
import broker_processes as brokers  # noqa: E402  (as the tests have them)

MESSAGE = json.dumps({"order": 17, "item": "chairs", "amount": 4})
SUBSCRIPTION = """---
apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: {name: orders}
spec:
  pubsubname: bus
  topic: orders
  routes: {default: /orders}
"""
POLICY = """
apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata: {name: measured}
spec:
  policies:
    timeouts: {general: 5s}
    retries: {general: {policy: constant, duration: 1s, maxRetries: 3}}
    circuitBreakers: {general: {maxRequests: 1, timeout: 30s, trip: consecutiveFailures >= 5}}
  targets:
    apps:
      bench: {timeout: general, retry: general, circuitBreaker: general}
"""


def delivered(mecha):
    """Messages that the subscriber has processed, as the metrics count them."""
    text = urllib.request.urlopen(f"http://127.0.0.1:{mecha.metrics}/metrics").read().decode()
    lines = [line for line in text.splitlines() if line.startswith("dapr_component_pubsub_ingress_count{") and "success" in line]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines)


def until_delivered(mecha, count, seconds=60):
    deadline = time.monotonic() + seconds
    while delivered(mecha) < count:
        if time.monotonic() > deadline:
            raise SystemExit(f"only {delivered(mecha)} of {count} messages were delivered")
        time.sleep(0.05)


def in_memory(home, http_floor):
    """Publish over gRPC, deliver over HTTP to an app that answers at once."""
    body = pathlib.Path(home, "publish.grpc")
    body.write_bytes(grpc_frame("bus", "orders", MESSAGE, "application/json"))
    options = ["-d", str(body), "-H", "content-type: application/grpc", "-H", "te: trailers", "-m", "1"]
    app_port = free_port()
    with Server(FLOORS, "http1", app_port, 16):
        wait_for(app_port)
        resources = component("pubsub.in-memory", "bus", maxQueuedMessages=1000000) + SUBSCRIPTION
        with Mecha(home, "--app-port", app_port, "--disable-init-endpoints", "subscribe", resources=resources) as mecha:
            url = f"http://127.0.0.1:{mecha.grpc}/dapr.proto.runtime.v1.Dapr/PublishEvent"
            time.sleep(1)
            load(url, REQUESTS // 10, *options)
            until_delivered(mecha, REQUESTS // 10)
            before = cpu_seconds(mecha.pid)
            load(url, REQUESTS, *options)
            until_delivered(mecha, REQUESTS // 10 + REQUESTS)
            ours = (cpu_seconds(mecha.pid) - before) / REQUESTS * 1e6
    report("publish to delivery, in-memory / plain NIO", ours, http_floor, 3.5)


def redis_streams(home):
    redis_port, port = free_port(), free_port()
    post = ["--h1", "-d", str(pathlib.Path(home, "message.json")), "-H", "content-type: application/json"]
    pathlib.Path(home, "message.json").write_text(MESSAGE)
    with Server("redis-server", "--port", redis_port, "--save", "", "--dir", home, "--bind", "127.0.0.1"):
        wait_for(redis_port)
        # About the size of the envelope that Mecha puts around the message.
        with Server(FLOORS, "xadd", port, 420, redis_port) as floor:
            wait_for(port)
            plain = microseconds_per_request(floor.pid, f"http://127.0.0.1:{port}/", *post)
        with Mecha(home, resources=component("pubsub.redis", "bus", redisHost=f"127.0.0.1:{redis_port}")) as mecha:
            ours = microseconds_per_request(mecha.pid, f"http://127.0.0.1:{mecha.http}/v1.0/publish/bus/orders", *post)
    report("publish to Redis streams / plain XADD", ours, plain, 2.5)


def policies(home):
    """Runs with and without take turns, because a few per cent are asked about."""
    app_port = free_port()
    sums = [0.0, 0.0]
    with Server(FLOORS, "http1", app_port, 16):
        wait_for(app_port)
        for turn in range(6):
            resources = component("state.in-memory") + ("---" + POLICY if turn % 2 else "")
            with Mecha(home, "--app-port", app_port, resources=resources) as mecha:
                url = f"http://127.0.0.1:{mecha.http}/v1.0/invoke/bench/method/x"
                sums[turn % 2] += microseconds_per_request(mecha.pid, url, "--h1")
    report("invocation under policies / without", sums[1] / 3, sums[0] / 3, 1.06)


def brokers_idle(home):
    """Memory with four brokers connected, a subscription to each, and a message through each of them."""
    kinds = {"redis": brokers.Redis, "jetstream": brokers.NATS, "rabbitmq": brokers.RabbitMQ, "mqtt": brokers.Mosquitto}
    missing = [kind.program for kind in kinds.values() if not kind.is_installed()]
    if missing:
        return print(f"resident memory with brokers: not measured, {', '.join(missing)} not installed")
    app_port = free_port()
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(kind(pathlib.Path(home, name))) for name, kind in kinds.items()}
        port = {name: server.port for name, server in servers.items()}
        resources = [
            component("pubsub.redis", "redis", redisHost=f"127.0.0.1:{port['redis']}"),
            component("pubsub.jetstream", "jetstream", natsURL=f"nats://127.0.0.1:{port['jetstream']}", autoCreateStream="true"),
            component("pubsub.rabbitmq", "rabbitmq", connectionString=f"amqp://guest:guest@127.0.0.1:{port['rabbitmq']}/"),
            component("pubsub.mqtt3", "mqtt", url=f"tcp://127.0.0.1:{port['mqtt']}", consumerID="bench"),
        ] + [SUBSCRIPTION.replace("name: orders", f"name: orders-{name}").replace("pubsubname: bus", f"pubsubname: {name}") for name in kinds]
        stack.enter_context(Server(FLOORS, "http1", app_port, 16))
        wait_for(app_port)
        mecha = stack.enter_context(
            Mecha(home, "--app-port", app_port, "--disable-init-endpoints", "subscribe", resources="---\n".join(resources).replace("---\n---\n", "---\n")))
        deadline = time.monotonic() + 60
        while len(subscriptions(mecha)) < len(kinds):
            if time.monotonic() > deadline:
                sys.exit(f"only subscribed to {subscriptions(mecha)}")
            time.sleep(0.1)
        for name in kinds:
            request = urllib.request.Request(
                f"http://127.0.0.1:{mecha.http}/v1.0/publish/{name}/orders", MESSAGE.encode(), {"content-type": "application/json"})
            urllib.request.urlopen(request).close()
        until_delivered(mecha, len(kinds))
        time.sleep(2)
        name = "resident memory, 4 brokers connected, subscribed"
        print(f"{name:46} {resident_mib(mecha.pid):7.1f} MiB (at most 30)")


def subscriptions(mecha):
    with urllib.request.urlopen(f"http://127.0.0.1:{mecha.http}/v1.0/metadata") as answer:
        return [item["pubsubname"] for item in json.load(answer).get("subscriptions", [])]


def main():
    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        with Server(FLOORS, "http1", port, 16) as floor:
            wait_for(port)
            http_floor = microseconds_per_request(floor.pid, f"http://127.0.0.1:{port}/", "--h1")
        in_memory(home, http_floor)
        redis_streams(home)
        policies(home)
        brokers_idle(home)


main()
