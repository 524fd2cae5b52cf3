"""Publish and subscribe through a real process, on brokers that need nothing installed and on Redis."""

import base64
import json
import subprocess
import threading
import time

import grpc
import pytest
from dapr.clients import DaprClient
from dapr.conf import settings
from dapr.proto import api_service_v1, api_v1, appcallback_v1
from event_apps import GRPCApp, HTTPApp
from runtime import BINARY, Mecha, component, status_details, wait_until

BROKERS = {
    "in-memory": component("bus", "pubsub.in-memory"),
    "sqlite": component("bus", "pubsub.sqlite", {"connectionString": "bus.db"}),
    "redis": None,
}


@pytest.fixture(params=BROKERS, scope="module")
def broker(request):
    if request.param != "redis":
        return BROKERS[request.param]
    server = request.getfixturevalue("redis_server")
    return component(
        "bus", "pubsub.redis", {"redisHost": server.address, "processingTimeout": "400ms", "redeliverInterval": "100ms"})


def routed(topic, **more):
    return {"pubsubname": "bus", "topic": topic, "route": f"/{topic}"} | more


@pytest.fixture(scope="module")
def beside(tmp_path_factory, broker):
    """An HTTP app with subscriptions of every kind, and the runtime beside it."""
    attempts = {
        "/retry": lambda number, _: (200, {"status": "RETRY"}) if number < 3 else (200, {"status": "SUCCESS"}),
        "/failing": lambda number, _: (500,) if number < 2 else (200,),
        "/dropped": lambda *_: (200, {"status": "DROP"}),
        "/gone": lambda *_: (404,),
        "/odd": lambda *_: (200, {"status": 7}),
        "/poison": lambda *_: (500,),
        "/bulk": lambda number, item: (200, {"statuses": [
            {"entryId": entry["entryId"], "status": "SUCCESS"} for entry in item["json"]["entries"]]}),
        "/limited": lambda *_: (500,),
    }
    refused = []

    def keyed(_, item):
        data = item["json"]["data"]
        if data["key"] == "slow" and data["n"] == 0 and len(refused) < 2:
            refused.append(data)
            return (500,)
        return (200,)

    attempts["/keyed"] = keyed
    app = HTTPApp(
        [
            routed("keyed", metadata={"ordered": "true"}), routed("plain"), routed("retry"), routed("failing"), routed("odd"), routed("expired"),
            routed("dropped", deadLetterTopic="letters"), routed("gone", deadLetterTopic="letters"),
            routed("poison", deadLetterTopic="letters"), routed("letters"), routed("raw", metadata={"rawPayload": "true"}),
            routed("bulk", bulkSubscribe={"enabled": True, "maxMessagesCount": 10, "maxAwaitDurationMs": 200}),
            routed("limited", deadLetterTopic="letters", metadata={"maxDeliveryAttempts": "3", "deliveryHeaders": "true"}),
            {
                "pubsubname": "bus", "topic": "routed",
                "routes": {
                    "rules": [
                        {"match": 'event.type == "big"', "path": "/routed/big"},
                        {"match": 'event.data.count > 10 && event.source.startsWith("app")', "path": "/routed/many"},
                        {"match": "event.missing == 1", "path": "/routed/never"},
                    ],
                    "default": "/routed/other",
                },
            },
            {"pubsubname": "bus", "topic": "unrouted", "routes": {"rules": [{"match": "event.type == 'x'", "path": "/unrouted"}]},
             "deadLetterTopic": "letters"},
        ], attempts)
    subscription = """
apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: {name: declared}
spec:
  pubsubname: bus
  topic: declared
  routes: {default: /declared}
"""
    mecha = Mecha(
        tmp_path_factory.mktemp("pubsub"), "--app-port", str(app.port), resources={"bus.yaml": broker, "declared.yaml": subscription})
    with mecha:
        wait_until(lambda: len(mecha.request("GET", "/v1.0/metadata").json["subscriptions"]) >= 16, "the subscriptions")
        yield mecha, app
    app.close()


def publish(mecha, topic, data, content_type="application/json", query="", **headers):
    return mecha.request(
        "POST", f"/v1.0/publish/bus/{topic}{query}", body=data if isinstance(data, (str, bytes)) else json.dumps(data),
        headers={"content-type": content_type} | headers)


def marked(mecha, app, topic, path, mark, **arguments):
    """Publishes an event with an id of its own and returns the deliveries of it."""
    answer = publish(mecha, topic, {"mark": mark}, query=f"?metadata.cloudevent.id={mark}", **arguments)
    assert answer.status == 204, answer
    return lambda: [item for item in app.taken.at(path) if item["json"]["id"] == mark]


def test_the_envelope_has_all_attributes(beside):
    mecha, app = beside
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert publish(mecha, "plain", {"n": 1.50, "big": 12345678901234567890}, traceparent=trace, tracestate="a=b").status == 204
    item = wait_until(lambda: [i for i in app.taken.at("/plain") if b"12345678901234567890" in i["body"]], "the event")[0]
    event = item["json"]
    assert item["headers"]["content-type"] == "application/cloudevents+json"
    assert item["headers"]["pubsubname"] == "bus"
    assert b"12345678901234567890" in item["body"] and b"1.5" in item["body"]
    assert event["specversion"] == "1.0" and event["type"] == "com.dapr.event.sent" and event["source"] == "app"
    assert event["datacontenttype"] == "application/json" and event["topic"] == "plain" and event["pubsubname"] == "bus"
    assert event["traceparent"].split("-")[1] == event["traceid"].split("-")[1] == trace.split("-")[1]
    assert event["tracestate"] == "a=b" and event["time"].endswith("Z") and len(event["id"]) == 36
    assert item["headers"]["traceparent"].split("-")[1] == trace.split("-")[1]


@pytest.mark.parametrize("content_type, data, expected", [
    ("text/plain", "hello", {"data": "hello"}), ("text/plain; charset=utf-8", "ä", {"data": "ä"}),
    ("application/octet-stream", b"\x00\xff", {"data_base64": base64.b64encode(b"\x00\xff").decode()}),
    ("application/vnd.me+json", '{"a":[1]}', {"data": {"a": [1]}}), ("application/json", "not json", {"data": "not json"}),
    ("application/xml", "<a/>", {"data": "<a/>"}),
])
def test_data_by_content_type(beside, content_type, data, expected):
    mecha, app = beside
    mark = f"type {content_type} {data!r}"
    answer = mecha.request(
        "POST", "/v1.0/publish/bus/plain?metadata.cloudevent.type=" + base64.urlsafe_b64encode(mark.encode()).decode().strip("="),
        body=data.encode() if isinstance(data, str) else data, headers={"content-type": content_type})
    assert answer.status == 204
    kind = base64.urlsafe_b64encode(mark.encode()).decode().strip("=")
    event = wait_until(lambda: [i["json"] for i in app.taken.at("/plain") if i["json"]["type"] == kind], "the event")[0]
    assert {key: event.get(key) for key in expected} == expected and event["datacontenttype"] == content_type


def test_a_cloud_event_keeps_what_it_has(beside):
    mecha, app = beside
    own = {"specversion": "1.0", "id": "mine-1", "source": "/me", "type": "t", "data": {"x": 1}, "custom": "c", "topic": "other"}
    assert publish(mecha, "plain", own, "application/cloudevents+json").status == 204
    event = wait_until(lambda: [i["json"] for i in app.taken.at("/plain") if i["json"]["id"] == "mine-1"], "the event")[0]
    assert {key: event[key] for key in own} == own and event["pubsubname"] == "bus" and "time" in event
    answer = publish(mecha, "plain", "[1]", "application/cloudevents+json")
    assert (answer.status, answer.error) == (500, "ERR_PUBSUB_CLOUD_EVENTS_SER")


def test_overrides_by_metadata(beside):
    mecha, app = beside
    query = "?metadata.CloudEvent.id=over-1&metadata.cloudevent.source=s&metadata.cloudevent.type=ty&metadata.cloudevent.subject=su"
    assert publish(mecha, "plain", {}, query=query).status == 204
    event = wait_until(lambda: [i["json"] for i in app.taken.at("/plain") if i["json"]["id"] == "over-1"], "the event")[0]
    assert (event["source"], event["type"], event["subject"]) == ("s", "ty", "su")


def test_raw_payloads_both_ways(beside):
    mecha, app = beside
    assert publish(mecha, "raw", b"\x01\x02 raw", "application/octet-stream", "?metadata.rawPayload=true").status == 204
    event = app.taken.wait("/raw")[0]["json"]
    assert base64.b64decode(event["data_base64"]) == b"\x01\x02 raw"
    assert event["datacontenttype"] == "application/octet-stream" and event["source"] == "Dapr"


def test_retry_until_success(beside):
    mecha, app = beside
    publish(mecha, "retry", {})
    assert len(app.taken.wait("/retry", 3)) == 3
    publish(mecha, "failing", {})
    app.taken.wait("/failing", 2)
    deliveries = marked(mecha, app, "odd", "/odd", "odd-1")
    wait_until(deliveries, "the event")


@pytest.mark.parametrize("topic", ["dropped", "gone", "poison"])
def test_what_is_refused_goes_to_the_dead_letter_topic_as_it_was(beside, topic):
    mecha, app = beside
    deliveries = marked(mecha, app, topic, f"/{topic}", f"dead-{topic}")
    wait_until(deliveries, "the delivery")
    letters = lambda: [i for i in app.taken.at("/letters") if i["json"]["id"] == f"dead-{topic}"]
    assert wait_until(letters, "the dead letter")[0]["json"]["topic"] == topic
    time.sleep(0.3)
    assert len(deliveries()) == 1 and len(letters()) == 1


def test_a_limit_of_attempts_ends_in_the_dead_letter_topic(beside):
    """Attempt and first time are told; the inbound retry policy of the component does not multiply them."""
    mecha, app = beside
    deliveries = marked(mecha, app, "limited", "/limited", "limited-1")
    wait_until(lambda: [i for i in app.taken.at("/letters") if i["json"]["id"] == "limited-1"], "the dead letter")
    assert [item["headers"].get("mecha-delivery-attempt") for item in deliveries()] == ["1", "2", "3"]
    times = [item["headers"]["mecha-first-delivery-time"] for item in deliveries()]
    assert times[1] == times[2] and times[0].endswith("Z")
    assert not any("mecha-delivery-attempt" in item["headers"] for item in app.taken.at("/plain")), "off by default"


def test_messages_of_one_key_keep_their_order_while_other_keys_go_on(beside):
    mecha, app = beside
    for number in range(8):
        for key in ("slow", "quick"):
            assert publish(mecha, "keyed", {"key": key, "n": number}, query=f"?metadata.partitionKey={key}").status == 204

    def of(key):
        return [i["json"]["data"]["n"] for i in app.taken.at("/keyed") if i["json"]["data"]["key"] == key]

    wait_until(lambda: of("quick") == list(range(8)), "the other key")
    # Its first message failed twice and held up those behind it; nothing came twice or before.
    wait_until(lambda: len(of("slow")) == 10, f"the key with failures, got {of('slow')}")
    assert of("slow") == [0, 0, 0, 1, 2, 3, 4, 5, 6, 7]


def test_routes_choose_by_rules_in_order(beside):
    mecha, app = beside
    publish(mecha, "routed", {"count": 50}, query="?metadata.cloudevent.type=big")
    assert app.taken.wait("/routed/big")[0]["json"]["data"] == {"count": 50}
    publish(mecha, "routed", {"count": 11})
    app.taken.wait("/routed/many")
    publish(mecha, "routed", {"count": 1})
    app.taken.wait("/routed/other")
    deliveries = marked(mecha, app, "unrouted", "/letters", "unrouted-1")
    wait_until(deliveries, "the dead letter of an event without a route")
    assert not app.taken.at("/routed/never") and not app.taken.at("/unrouted")


def test_declared_subscriptions(beside):
    mecha, app = beside
    publish(mecha, "declared", {"d": 1})
    app.taken.wait("/declared")
    subscribed = mecha.request("GET", "/v1.0/metadata").json["subscriptions"]
    kinds = {item["topic"]: item["type"] for item in subscribed}
    assert kinds["declared"] == "DECLARATIVE" and kinds["plain"] == "PROGRAMMATIC"
    routed = next(item for item in subscribed if item["topic"] == "routed")
    assert [rule["path"] for rule in routed["rules"]] == ["/routed/big", "/routed/many", "/routed/never", "/routed/other"]


def test_bulk_publish_and_bulk_subscribe(beside):
    mecha, app = beside
    entries = [{"entryId": str(n), "event": {"n": n}, "contentType": "application/json"} for n in range(25)]
    assert mecha.request("POST", "/v1.0/publish/bulk/bus/bulk", json_body=entries).status == 204

    def seen():
        return sorted(e["event"]["data"]["n"] for item in app.taken.at("/bulk") for e in item["json"]["entries"])

    wait_until(lambda: len(seen()) >= 25, "all entries")
    assert seen() == list(range(25))
    first = app.taken.at("/bulk")[0]["json"]
    assert first["type"] == "com.dapr.event.sent.bulk" and first["topic"] == "bulk" and first["pubsubname"] == "bus"
    assert len(first["entries"]) <= 10 and first["entries"][0]["contentType"] == "application/cloudevents+json"


@pytest.mark.parametrize("body, problem", [
    ("{}", "array"), ("[{}]", "entryId"), ('[{"entryId":"1"}]', "event"), ("[", "invalid JSON"),
    ('[{"entryId":"1","event":"a"},{"entryId":"1","event":"b"}]', "unique"),
    ('[{"entryId":"1","event":"%%","contentType":"application/octet-stream"}]', "Base64"),
])
def test_bad_bulks(beside, body, problem):
    answer = beside[0].request("POST", "/v1.0-alpha1/publish/bulk/bus/bulk", body=body, headers={"content-type": "application/json"})
    assert (answer.status, answer.error) == (400, "ERR_PUBSUB_EVENTS_SER") and problem in answer.json["message"]


@pytest.mark.parametrize("path, status, code", [
    ("/v1.0/publish/none/t", 404, "ERR_PUBSUB_NOT_FOUND"), ("/v1.0/publish/bus/t?metadata.ttlInSeconds=x", 400, "ERR_PUBSUB_REQUEST_METADATA"),
])
def test_publish_errors(beside, path, status, code):
    answer = beside[0].request("POST", path, body="{}", headers={"content-type": "application/json"})
    assert (answer.status, answer.error) == (status, code)


def test_time_to_live_is_kept_by_broker_or_envelope(beside):
    mecha, app = beside
    deliveries = marked(mecha, app, "plain", "/plain", "ttl-1", content_type="application/json")
    wait_until(deliveries, "the event")
    past = {"specversion": "1.0", "id": "past-1", "source": "s", "type": "t", "expiration": "2001-01-01T00:00:00Z"}
    publish(mecha, "plain", past, "application/cloudevents+json")
    deliveries = marked(mecha, app, "plain", "/plain", "after-past")
    wait_until(deliveries, "the next event")
    time.sleep(0.2)
    assert not [i for i in app.taken.at("/plain") if i["json"]["id"] == "past-1"]


def test_a_delayed_message_comes_later_or_is_refused(beside):
    mecha, app = beside
    started = time.monotonic()
    answer = publish(mecha, "plain", {}, query="?metadata.delayInSeconds=1&metadata.cloudevent.id=delayed-1")
    kinds = {item["name"]: item for item in mecha.request("GET", "/v1.0/metadata").json["components"]}
    if "DELAYED_DELIVERY" not in kinds["bus"]["capabilities"]:
        assert (answer.status, answer.error) == (400, "ERR_PUBSUB_REQUEST_METADATA") and "delayInSeconds" in answer.json["message"]
        return
    assert answer.status == 204
    wait_until(lambda: [i for i in app.taken.at("/plain") if i["json"]["id"] == "delayed-1"], "the event")
    assert time.monotonic() - started >= 0.95


def test_the_sdk_publishes_and_streams(beside):
    mecha, _ = beside
    settings.DAPR_HTTP_PORT = mecha.http_port
    with DaprClient(f"127.0.0.1:{mecha.grpc_port}") as client:
        subscription = client.subscribe(pubsub_name="bus", topic="streamed")
        got = []

        def read():
            for message in subscription:
                if message is None:
                    continue
                got.append(message.data())
                subscription.respond_success(message)
                if len(got) == 3:
                    return

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        wait_until(
            lambda: "streamed" in [s["topic"] for s in mecha.request("GET", "/v1.0/metadata").json["subscriptions"]], "the stream")
        for number in range(3):
            client.publish_event("bus", "streamed", json.dumps({"n": number}), data_content_type="application/json")
        reader.join(15)
        assert sorted(item["n"] for item in got) == [0, 1, 2]
        subscription.close()
    wait_until(
        lambda: "streamed" not in [s["topic"] for s in mecha.request("GET", "/v1.0/metadata").json["subscriptions"]],
        "the end of the stream")


def test_a_grpc_app_gets_events(tmp_path, broker):
    app = GRPCApp([("bus", "one")])
    with Mecha(tmp_path, "--app-port", str(app.port), "--app-protocol", "grpc", resources={"bus.yaml": broker}) as mecha:
        wait_until(lambda: mecha.request("GET", "/v1.0/metadata").json["subscriptions"], "the subscription")
        with grpc.insecure_channel(f"127.0.0.1:{mecha.grpc_port}") as channel:
            stub = api_service_v1.DaprStub(channel)
            stub.PublishEvent(api_v1.PublishEventRequest(
                pubsub_name="bus", topic="one", data=b'{"a":1}', data_content_type="application/json", metadata={"cloudevent.type": "kind"}))
            event = app.taken.wait("one")[0]["event"]
            assert (event.topic, event.pubsub_name, event.type, event.spec_version) == ("one", "bus", "kind", "1.0")
            assert event.data == b'{"a":1}' and event.data_content_type == "application/json"
            assert event.extensions["topic"] == "one"
            failed = stub.BulkPublishEvent(api_v1.BulkPublishRequest(pubsub_name="bus", topic="one", entries=[
                api_v1.BulkPublishRequestEntry(entry_id=str(n), event=b"x", content_type="text/plain") for n in range(3)]))
            assert not failed.failedEntries
            assert [i["event"].data for i in app.taken.wait("one", 4)[1:]] == [b"x"] * 3
            with pytest.raises(grpc.RpcError) as caught:
                stub.PublishEvent(api_v1.PublishEventRequest(pubsub_name="none", topic="one"))
            assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert status_details(caught.value)["ErrorInfo"].reason == "DAPR_PUBSUB_NOT_FOUND"
    app.close()


def test_scopes_hold_for_publishing_and_subscribing(tmp_path):
    scoped = component(
        "bus", "pubsub.in-memory",
        {"publishingScopes": "app=a;other=b", "subscriptionScopes": "app=a", "protectedTopics": "secret"})
    app = HTTPApp([routed("a"), routed("b")])
    with Mecha(tmp_path, "--app-port", str(app.port), resources={"bus.yaml": scoped}) as mecha:
        wait_until(lambda: mecha.request("GET", "/v1.0/metadata").json["subscriptions"], "the subscription")
        assert publish(mecha, "a", {}).status == 204
        for topic in ("b", "secret"):
            answer = publish(mecha, topic, {})
            assert (answer.status, answer.error) == (403, "ERR_PUBSUB_FORBIDDEN")
        assert [s["topic"] for s in mecha.request("GET", "/v1.0/metadata").json["subscriptions"]] == ["a"]
    app.close()


def test_messages_of_an_app_that_is_away_wait_for_it(tmp_path):
    """kill -9 of the runtime between publish and delivery: the embedded default loses nothing."""
    bus = component("bus", "pubsub.sqlite", {"connectionString": "bus.db"})
    answering = threading.Event()
    app = HTTPApp([routed("orders")], {"/orders": lambda *_: (200,) if answering.is_set() else (500,)})
    mecha = Mecha(tmp_path, "--app-port", str(app.port), resources={"bus.yaml": bus})
    with mecha:
        wait_until(lambda: mecha.request("GET", "/v1.0/metadata").json["subscriptions"], "the subscription")
        for number in range(20):
            assert publish(mecha, "orders", {"n": number}).status == 204
        app.taken.wait("/orders")
        mecha.process.kill()
        mecha.process.wait()
        answering.set()
        mecha.start()
        wait_until(
            lambda: {i["json"]["data"]["n"] for i in app.taken.at("/orders")} == set(range(20)), "every message after the restart")
    app.close()


def test_dead_letters_are_put_back(tmp_path, broker):
    is_well = threading.Event()
    app = HTTPApp(
        [routed("fragile", deadLetterTopic="lost")], {"/fragile": lambda *_: (200,) if is_well.is_set() else (500,)})
    with Mecha(tmp_path, "--app-port", str(app.port), resources={"bus.yaml": broker}) as mecha:
        wait_until(lambda: mecha.request("GET", "/v1.0/metadata").json["subscriptions"], "the subscription")
        # A group of its own, so that letters are kept for it also on a broker without memory.
        assert mecha.request("POST", "/v1.0-alpha1/redrive/bus/lost").json == {"redriven": 0, "left": 0}
        for number in range(5):
            publish(mecha, "fragile", {"n": number})
        app.taken.wait("/fragile", 5)
        is_well.set()
        assert mecha.request("POST", "/v1.0-alpha1/redrive/bus/lost?limit=2").json["redriven"] == 2
        app.taken.wait("/fragile", 7)
        wait_until(lambda: mecha.request("POST", "/v1.0-alpha1/redrive/bus/lost").json["redriven"] == 3, "the rest")
        app.taken.wait("/fragile", 10)
        # The same by the command: it finds the runtime by the app's id.
        is_well.clear()
        publish(mecha, "fragile", {"n": 5})
        app.taken.wait("/fragile", 11)
        is_well.set()
        command = [BINARY, "redrive", "--app-id", "app", "--pubsub", "bus", "--topic", "lost"]

        def redriven():
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=mecha.environment())
            assert done.returncode == 0, done.stderr
            return len(app.taken.at("/fragile")) >= 12

        wait_until(redriven, "the letter that the command puts back")
        assert mecha.request("POST", "/v1.0-alpha1/redrive/bus/lost?limit=x").status == 400
    app.close()
