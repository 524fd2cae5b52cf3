"""Kafka through a real process, with the mock cluster of librdkafka; and what a build without it says."""

import json
import subprocess
import threading

import pytest
from event_apps import HTTPApp
from kafka_cluster import KafkaCluster, library
from runtime import BINARY, Mecha, component, wait_until

HAS_KAFKA = "pubsub.kafka: this build" not in subprocess.run(
    [BINARY, "components", "list"], capture_output=True, text=True, timeout=20).stdout

with_kafka = pytest.mark.skipif(not (HAS_KAFKA and library()), reason="the build has no Kafka")


@pytest.fixture(scope="module")
def cluster():
    cluster = KafkaCluster()
    yield cluster
    cluster.close()


def routed(topic, **more):
    return {"pubsubname": "bus", "topic": topic, "route": f"/{topic}"} | more


def bus(cluster, **more):
    # A session must outlive the 3 s in which a new group gathers.
    return component("bus", "pubsub.kafka", {
        "brokers": cluster.brokers, "authType": "none", "initialOffset": "oldest", "sessionTimeout": "3800ms",
        "heartbeatInterval": "200ms", "consumeRetryInterval": "50ms"} | more)


def publish(mecha, topic, data, query="", content_type="application/json"):
    answer = mecha.request(
        "POST", f"/v1.0/publish/bus/{topic}{query}", body=data if isinstance(data, (bytes, str)) else json.dumps(data),
        headers={"content-type": content_type})
    assert answer.status == 204, answer


def subscribed(mecha, count):
    wait_until(lambda: len(mecha.request("GET", "/v1.0/metadata").json["subscriptions"]) == count, "the subscriptions", seconds=40)


@with_kafka
def test_the_apis_over_kafka(tmp_path, cluster):
    """One runtime for everything, since a group takes seconds to gather in a new cluster."""
    app = HTTPApp(
        [
            routed("plain"), routed("raw", metadata={"rawPayload": "true"}), routed("poison", deadLetterTopic="letters"),
            routed("letters"), routed("retry"), routed("keys", metadata={"ordered": "true"}),
            routed("bulk", bulkSubscribe={"enabled": True, "maxMessagesCount": 10, "maxAwaitDurationMs": 200}),
            routed("limited", deadLetterTopic="letters", metadata={"maxDeliveryAttempts": "3", "deliveryHeaders": "true"}),
        ], {
            "/poison": lambda *_: (500,), "/limited": lambda *_: (500,),
            "/retry": lambda number, _: (200, {"status": "RETRY"}) if number < 3 else (200,),
            "/keys": lambda number, _: (500,) if number % 7 == 3 else (200,),
            "/bulk": lambda _, item: (200, {"statuses": [
                {"entryId": entry["entryId"], "status": "SUCCESS"} for entry in item["json"]["entries"]]}),
        }, bindings=("/orders",))
    orders = component("orders", "bindings.kafka", {
        "brokers": cluster.brokers, "authType": "none", "topics": "orders", "publishTopic": "orders", "consumerGroup": "orders",
        "initialOffset": "oldest"})
    with Mecha(tmp_path, "--app-port", str(app.port), resources={"bus.yaml": bus(cluster), "orders.yaml": orders}) as mecha:
        subscribed(mecha, 8)
        for name in ("pubsub.kafka", "bindings.kafka"):
            assert name in [item["type"] for item in mecha.request("GET", "/v1.0/metadata").json["components"]]
        publish(mecha, "plain", {"n": 1}, "?metadata.partitionKey=k1&metadata.shade=blue")
        item = app.taken.wait("/plain", seconds=30)[0]
        assert item["json"]["data"] == {"n": 1} and item["json"]["type"] == "com.dapr.event.sent"
        assert item["headers"]["__key"] == "k1" and item["headers"]["shade"] == "blue", item["headers"]
        assert item["headers"]["__topic"] == "plain" and item["headers"]["__offset"] == "0"

        publish(mecha, "raw", b"\x00raw", "?metadata.rawPayload=true&metadata.__key=k2", "application/octet-stream")
        item = app.taken.wait("/raw")[0]
        assert item["json"]["data_base64"] == "AHJhdw==" and item["headers"]["__key"] == "k2"

        publish(mecha, "retry", {})
        app.taken.wait("/retry", 3)
        publish(mecha, "poison", {"p": 1})
        assert app.taken.wait("/letters")[0]["json"]["topic"] == "poison"
        publish(mecha, "limited", {"l": 1})
        app.taken.wait("/letters", 2)
        attempts = [item["headers"]["mecha-delivery-attempt"] for item in app.taken.at("/limited")]
        assert attempts == ["1", "2", "3"] and "mecha-first-delivery-time" in app.taken.at("/limited")[0]["headers"]

        entries = [{"entryId": str(n), "event": {"n": n}, "contentType": "application/json"} for n in range(25)]
        assert mecha.request("POST", "/v1.0/publish/bulk/bus/bulk", json_body=entries).status == 204
        wait_until(
            lambda: sorted(e["event"]["data"]["n"] for i in app.taken.at("/bulk") for e in i["json"]["entries"]) == list(range(25)),
            "every entry of the bulk")

        for number in range(12):
            for key in ("a", "b"):
                publish(mecha, "keys", {"key": key, "n": number}, f"?metadata.partitionKey={key}")

        def by_key(key):
            numbers = [i["json"]["data"]["n"] for i in app.taken.at("/keys") if i["json"]["data"]["key"] == key]
            return list(dict.fromkeys(numbers))

        wait_until(lambda: by_key("a") == by_key("b") == list(range(12)), "each key's messages in their order")

        answer = mecha.request("POST", "/v1.0/bindings/orders", json_body={
            "operation": "create", "data": {"order": 1}, "metadata": {"partitionKey": "k"}})
        assert answer.status in (200, 204), answer
        assert app.taken.wait("/orders", seconds=30)[0]["json"] == {"order": 1}

        answer = mecha.request("POST", "/v1.0/publish/bus/no%20name", json_body={})
        assert answer.status >= 400 and "topic" in answer.json["message"]
        answer = mecha.request("POST", "/v1.0/publish/bus/plain?metadata.valueSchemaType=Avro", json_body={})
        assert answer.status >= 400 and "valueSchemaType" in answer.json["message"], answer
    app.close()


@with_kafka
def test_a_crash_between_delivery_and_acknowledgement_loses_nothing(tmp_path, cluster):
    answering = threading.Event()
    app = HTTPApp([routed("crash")], {"/crash": lambda *_: (200,) if answering.is_set() else (500,)})
    with Mecha(tmp_path, "--app-port", str(app.port), resources={"bus.yaml": bus(cluster)}) as mecha:
        subscribed(mecha, 1)
        for number in range(20):
            publish(mecha, "crash", {"n": number}, f"?metadata.partitionKey={number % 3}")
        app.taken.wait("/crash", 5)
        mecha.kill()
        before = len(app.taken.at("/crash"))
        answering.set()
        mecha.start()
        wait_until(
            lambda: {i["json"]["data"]["n"] for i in app.taken.at("/crash")[before:]} == set(range(20)),
            "every message after the restart", seconds=40)
        cluster.set_down(True)
        cluster.set_down(False)
        publish(mecha, "crash", {"n": 20})
        wait_until(lambda: app.taken.at("/crash")[-1]["json"]["data"]["n"] == 20, "a message after the brokers came back")
    app.close()


@pytest.mark.skipif(HAS_KAFKA, reason="the build has Kafka")
@pytest.mark.parametrize("type", ["pubsub.kafka", "bindings.kafka"])
def test_a_build_without_kafka_says_how_to_get_one(tmp_path, type):
    mecha = Mecha(tmp_path, resources={"k.yaml": component("k", type, {"brokers": "localhost:9092", "authType": "none"})})
    mecha.launch()
    assert mecha.wait_exit() != 0
    assert f"component type {type}" in mecha.log and "swift build --traits Kafka" in mecha.log and "k.yaml" in mecha.log
    described = subprocess.run([BINARY, "components", "describe", type], capture_output=True, text=True, timeout=20)
    assert described.returncode != 0 and "--traits Kafka" in described.stderr
