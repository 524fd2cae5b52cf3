"""The same promises on every broker that is a server: crashes between delivery and acknowledgement, poison, a broker
that is killed. (Brokers without a server have theirs in test_pubsub.py, Kafka in test_kafka.py.)"""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest
from broker_processes import NATS, Mosquitto, RabbitMQ, Redis
from event_apps import HTTPApp
from runtime import Mecha, component, free_port, wait_until

# RabbitMQ takes its time on a busy machine.
pytestmark = pytest.mark.timeout(240)

# Times are short, so that what was lost with a process comes again soon.
BROKERS = {
    "redis": (Redis, lambda port: component("bus", "pubsub.redis", {
        "redisHost": f"127.0.0.1:{port}", "processingTimeout": "1s", "redeliverInterval": "300ms"})),
    "jetstream": (NATS, lambda port: component("bus", "pubsub.jetstream", {
        "natsURL": f"nats://127.0.0.1:{port}", "autoCreateStream": "true", "durableName": "app", "queueGroupName": "app",
        "deliverPolicy": "all", "ackWait": "1s"})),
    "rabbitmq": (RabbitMQ, lambda port: component("bus", "pubsub.rabbitmq", {
        "connectionString": f"amqp://guest:guest@127.0.0.1:{port}/", "durable": "true", "deletedWhenUnused": "false",
        "deliveryMode": "2", "redeliverInterval": "50ms", "requeueInFailure": "true"})),
    "mqtt": (Mosquitto, lambda port: component("bus", "pubsub.mqtt3", {
        "url": f"tcp://127.0.0.1:{port}", "qos": "1", "cleanSession": "false", "consumerID": "app"})),
}


@pytest.fixture(scope="module", params=BROKERS)
def broker(request, tmp_path_factory):
    """The server and the component that uses it."""
    kind, describe = BROKERS[request.param]
    if not kind.is_installed():
        pytest.skip(f"{kind.program} is not installed")
    with kind(tmp_path_factory.mktemp(request.param)) as server:
        yield server, describe(server.port)


def routed(topic, **more):
    return {"pubsubname": "bus", "topic": topic, "route": f"/{topic}"} | more


def subscribed(mecha, count=1):
    wait_until(lambda: len(mecha.request("GET", "/v1.0/metadata").json["subscriptions"]) == count, "the subscriptions")


def publish(mecha, topic, data):
    return mecha.request("POST", f"/v1.0/publish/bus/{topic}", json_body=data).status


def publish_until_taken(mecha, topic, data):
    """A broker that has just started may not be reached at once."""
    wait_until(lambda: publish(mecha, topic, data) == 204, f"{data} to be confirmed", seconds=40, pause=0.1)


def numbers(items):
    return {item["json"]["data"]["n"] for item in items}


def test_a_crash_of_the_runtime_between_delivery_and_acknowledgement(tmp_path, broker):
    _, bus = broker
    answering = threading.Event()

    def answer(*_):
        # Holds what the runtime dies with; nobody reads these answers.
        if not answering.is_set():
            answering.wait(20)
            return (500,)
        return (200,)

    app = HTTPApp([routed("crashes")], {"/crashes": answer})
    with Mecha(tmp_path, "--app-port", str(app.port), resources={"bus.yaml": bus}) as mecha:
        subscribed(mecha)
        for number in range(10):
            assert publish(mecha, "crashes", {"n": number}) == 204
        app.taken.wait("/crashes", 1)
        mecha.kill()
        before = len(app.taken.at("/crashes"))
        answering.set()
        mecha.start()
        wait_until(
            lambda: numbers(app.taken.at("/crashes")[before:]) == set(range(10)), "every message after the restart", seconds=40)
    app.close()


# An app that can be killed: it says what it was given, and answers only in its second life.
APP = textwrap.dedent(r"""
    import json, os, sys, time
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def reply(self, document):
            data = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self):
            self.reply([{"pubsubname": "bus", "topic": "apps", "route": "/apps"}])

        def do_POST(self):
            event = json.loads(self.rfile.read(int(self.headers["content-length"])))
            os.write(1, b"%d\n" % event["data"]["n"])
            if sys.argv[2] == "silent":
                time.sleep(60)
            self.reply({"status": "SUCCESS"})

        def log_message(self, *_):
            pass

    ThreadingHTTPServer.allow_reuse_address = True
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
""")


class KillableApp:
    def __init__(self, port, manner):
        self.process = subprocess.Popen([sys.executable, "-c", APP, str(port), manner], stdout=subprocess.PIPE, text=True)
        self.taken = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.taken.append(int(line))

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


def test_a_crash_of_the_app_between_delivery_and_acknowledgement(tmp_path, broker):
    _, bus = broker
    port = free_port()
    app = KillableApp(port, "silent")
    try:
        with Mecha(tmp_path, "--app-port", str(port), resources={"bus.yaml": bus}) as mecha:
            subscribed(mecha)
            for number in range(10):
                assert publish(mecha, "apps", {"n": number}) == 204
            wait_until(lambda: app.taken, "a delivery")
            app.kill()
            app = KillableApp(port, "answers")
            wait_until(lambda: set(app.taken) == set(range(10)), "every message", seconds=40)
    finally:
        app.kill()


def test_poison_ends_in_the_dead_letter_topic(tmp_path, broker):
    _, bus = broker
    app = HTTPApp(
        [
            routed("poison", deadLetterTopic="letters", metadata={"maxDeliveryAttempts": "2"}),
            routed("malformed", deadLetterTopic="letters"), routed("letters"),
        ], {"/poison": lambda *_: (500,)})
    with Mecha(tmp_path, "--app-port", str(app.port), resources={"bus.yaml": bus}) as mecha:
        subscribed(mecha, 3)
        assert publish(mecha, "poison", {"n": 1}) == 204
        letter = app.taken.wait("/letters", 1, seconds=30)[0]["json"]
        assert letter["topic"] == "poison" and letter["data"] == {"n": 1}
        assert len(app.taken.at("/poison")) == 2
        # What is no event is no reason to stand still either: it goes the same way, as do those behind it.
        raw = mecha.request(
            "POST", "/v1.0/publish/bus/malformed?metadata.rawPayload=true", body=b"{\"no\": \"event\"", headers={"content-type": "text/plain"})
        assert raw.status == 204
        assert publish(mecha, "malformed", {"n": 2}) == 204
        assert numbers(app.taken.wait("/malformed", 1)) == {2}
    app.close()


def test_a_broker_killed_and_started_again_is_used_again(tmp_path, broker):
    server, bus = broker
    app = HTTPApp([routed("kills")])
    with Mecha(tmp_path, "--app-port", str(app.port), resources={"bus.yaml": bus}) as mecha:
        subscribed(mecha)
        for number in range(20):
            assert publish(mecha, "kills", {"n": number}) == 204
        wait_until(lambda: numbers(app.taken.at("/kills")) == set(range(20)), "what was published before", seconds=30)
        # Mosquitto writes to disk from time to time, at the latest when it ends: what it is, not what we are, would be tested.
        server.stop(signal.SIGTERM if isinstance(server, Mosquitto) else signal.SIGKILL)
        answer = mecha.request("POST", "/v1.0/publish/bus/kills", json_body={"n": 99}, timeout=40)
        assert answer.status >= 400 and "errorCode" in answer.json, answer
        server.start()
        for number in range(20, 40):
            publish_until_taken(mecha, "kills", {"n": number})
        wait_until(
            lambda: numbers(app.taken.at("/kills")) >= set(range(40)), "what was published afterwards", seconds=40)
        assert json.loads(app.taken.at("/kills")[-1]["body"])["pubsubname"] == "bus"
    app.close()
