"""The outbox: what a transaction writes is published if and only if it commits, also when the runtime dies in between."""

import json
import time

import grpc
import pytest
from dapr.proto import api_service_v1, api_v1, common_v1
from event_apps import HTTPApp
from runtime import Mecha, component, wait_until

STORES = {
    "in-memory": ("pubsub.in-memory", {}, "state.in-memory", {}),
    "sqlite": ("pubsub.sqlite", {"connectionString": "bus.db"}, "state.sqlite", {"connectionString": "state.db"}),
    "redis": ("pubsub.redis", {}, "state.redis", {}),
}


def resources(kind, redis_server=None, **more):
    bus, bus_metadata, store, store_metadata = STORES[kind]
    if kind == "redis":
        bus_metadata = store_metadata = {"redisHost": redis_server.address}
    outbox = {"outboxPublishPubsub": "bus", "outboxPublishTopic": "orders"} | more
    return {
        "bus.yaml": component("bus", bus, bus_metadata),
        "store.yaml": component("store", store, store_metadata | outbox),
    }


@pytest.fixture(params=STORES, scope="module")
def beside(request, tmp_path_factory):
    app = HTTPApp([{"pubsubname": "bus", "topic": "orders", "route": "/orders"}])
    mecha = Mecha(tmp_path_factory.mktemp("outbox"), "--app-port", str(app.port), resources=resources(request.param, request.getfixturevalue("redis_server")))
    with mecha:
        wait_until(lambda: mecha.request("GET", "/v1.0/metadata").json["subscriptions"], "the subscription")
        yield mecha, app
    app.close()


def transact(mecha, *operations):
    return mecha.request("POST", "/v1.0/state/store/transaction", json_body={"operations": list(operations)})


def upsert(key, value, **metadata):
    return {"operation": "upsert", "request": {"key": key, "value": value} | ({"metadata": metadata} if metadata else {})}


def events(app, key):
    return [i["json"] for i in app.taken.at("/orders") if isinstance(i["json"].get("data"), dict) and i["json"]["data"].get("key") == key]



def test_what_commits_is_published_within_moments(beside):
    mecha, app = beside
    started = time.monotonic()
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = mecha.request(
        "POST", "/v1.0/state/store/transaction", headers={"traceparent": trace},
        json_body={"operations": [upsert("k1", {"key": "k1"}, color="red"), {"operation": "delete", "request": {"key": "none"}}]})
    assert answer.status == 204
    event = wait_until(lambda: events(app, "k1"), "the event")[0]
    assert time.monotonic() - started < 1, "Dapr's second is not waited for"
    assert event["topic"] == "orders" and event["pubsubname"] == "bus" and event["source"] == "app"
    assert event["datacontenttype"] == "application/json" and event["color"] == "red"
    assert event["traceparent"].split("-")[1] == trace.split("-")[1]
    assert mecha.request("GET", "/v1.0/state/store/k1").json == {"key": "k1"}


def test_what_does_not_commit_is_not_published(beside):
    mecha, app = beside
    stale = upsert("k2", {"key": "k2"})
    stale["request"] |= {"etag": "999", "options": {"concurrency": "first-write"}}
    mecha.request("POST", "/v1.0/state/store", json_body=[{"key": "k2", "value": 1}])
    assert transact(mecha, stale).status >= 400
    assert transact(mecha, upsert("k3", {"key": "k3"})).status == 204
    wait_until(lambda: events(app, "k3"), "the event of the next transaction")
    time.sleep(1)
    assert not events(app, "k2")


def test_a_projection_is_published_in_place_of_what_is_stored(beside):
    mecha, app = beside
    projection = upsert("k4", {"key": "k4", "seen": "by others"}, **{"outbox.projection": "true"})
    assert transact(mecha, upsert("k4", {"key": "k4", "secret": 1}), projection).status == 204
    event = wait_until(lambda: events(app, "k4"), "the event")[0]
    assert event["data"] == {"key": "k4", "seen": "by others"}
    assert mecha.request("GET", "/v1.0/state/store/k4").json == {"key": "k4", "secret": 1}
    assert transact(mecha, upsert("k5", 1), upsert("other", 1, **{"outbox.projection": "true"})).status >= 400


def test_over_grpc(beside):
    mecha, app = beside
    with grpc.insecure_channel(f"127.0.0.1:{mecha.grpc_port}") as channel:
        api_service_v1.DaprStub(channel).ExecuteStateTransaction(api_v1.ExecuteStateTransactionRequest(
            storeName="store", operations=[api_v1.TransactionalStateOperation(
                operationType="upsert", request=common_v1.StateItem(key="k6", value=b'{"key":"k6"}'))]))
    wait_until(lambda: events(app, "k6"), "the event")


def test_each_commit_gives_one_event(beside):
    mecha, app = beside
    for number in range(30):
        assert transact(mecha, upsert(f"n{number}", {"key": "many", "n": number})).status == 204
    wait_until(lambda: len(events(app, "many")) >= 30, "all events")
    time.sleep(0.5)
    assert sorted(event["data"]["n"] for event in events(app, "many")) == list(range(30))


def test_half_a_configuration_is_an_error(tmp_path):
    wrong = component("store", "state.in-memory", {"outboxPublishPubsub": "bus"})
    mecha = Mecha(tmp_path, resources={"store.yaml": wrong})
    mecha.launch()
    assert mecha.process.wait(20) != 0
    assert "outboxPublishTopic" in mecha.log and "store.yaml" in mecha.log


def test_kill_of_the_runtime_loses_no_event(tmp_path):
    app = HTTPApp([{"pubsubname": "bus", "topic": "orders", "route": "/orders"}])
    mecha = Mecha(tmp_path, "--app-port", str(app.port), resources=resources("sqlite"))
    committed = []
    with mecha:
        for round_number in range(3):
            for number in range(40):
                key = f"{round_number}-{number}"
                try:
                    if transact(mecha, upsert(key, {"key": key})).status == 204:
                        committed.append(key)
                except OSError:
                    break
                if number == 25:
                    mecha.process.kill()
                    mecha.process.wait()
            mecha.start()

        def missing():
            seen = {i["json"]["data"]["key"] for i in app.taken.at("/orders")}
            return [key for key in committed if key not in seen]

        wait_until(lambda: not missing(), "every committed event", seconds=40)
    app.close()
