"""Every method of the official SDK's client, unchanged, against the runtime under the name ``daprd``: what is built does its
work, and what is not says UNIMPLEMENTED."""

import asyncio
import json
import pathlib
import threading
import time

import grpc
import pytest
from apps import HTTPApp
from dapr.aio.clients import DaprClient as AsyncDaprClient
from dapr.actor import ActorId, ActorProxy, ActorInterface, actormethod
from dapr.clients import DaprClient
from dapr.clients.exceptions import DaprGrpcError
from dapr.clients.grpc._crypto import DecryptOptions, EncryptOptions
from dapr.clients.grpc._jobs import Job
from dapr.clients.grpc._request import BulkPublishEntry, TransactionalStateOperation, TransactionOperationType
from dapr.clients.grpc._response import TopicEventResponse
from dapr.clients.grpc._state import Concurrency, Consistency, StateItem, StateOptions
from dapr.clients.grpc.conversation import ConversationInput, ConversationInputAlpha2, create_user_message
from dapr.conf import settings
from runtime import BINARY, Mecha, component, wait_until

RESOURCES = {
    "state.yaml": component("store", "state.in-memory"), "bus.yaml": component("bus", "pubsub.in-memory"),
    "secrets.yaml": component("vault", "secretstores.local.file", {"secretsFile": "secrets.json", "nestedSeparator": ":"}),
    "files.yaml": component("files", "bindings.localstorage", {"rootPath": "files"}),
}


@pytest.fixture(scope="module")
def app():
    def echo(handler):
        document = {"verb": handler.command, "path": handler.path, "body": handler.body.decode(), "mine": handler.headers.get("mine")}
        return 200, json.dumps(document).encode(), {"content-type": "application/json", "x-app": "yes"}

    with HTTPApp(echo=echo, teapot=lambda _: (418, b"short and stout")) as app:
        yield app


def daprd(folder, app_port, **more):
    """The runtime as ``daprd``, with the flags that the command line of Dapr gives it."""
    (folder / "files").mkdir()
    (folder / "secrets.json").write_text(json.dumps({"password": "s3cret", "db": {"user": "me"}}))
    link = folder / "daprd"
    link.symlink_to(pathlib.Path(BINARY).resolve())
    return Mecha(folder, "--app-port", str(app_port), app_id="sdk", binary=link, command=None, resources=RESOURCES, **more)


@pytest.fixture(scope="module")
def mecha(tmp_path_factory, app):
    with daprd(tmp_path_factory.mktemp("sdk"), app.port) as mecha:
        mecha.wait_ready("/v1.0/healthz")
        yield mecha


@pytest.fixture(params=["HTTP", "GRPC"])
def client(request, mecha, monkeypatch):
    """The SDK's client in both of its ways to invoke."""
    monkeypatch.setattr(settings, "DAPR_HTTP_PORT", mecha.http_port)
    monkeypatch.setattr(settings, "DAPR_GRPC_PORT", mecha.grpc_port)
    monkeypatch.setattr(settings, "DAPR_API_METHOD_INVOCATION_PROTOCOL", request.param)
    with DaprClient() as client:
        yield client


# What is built


def test_state(client):
    client.save_state("store", "a", json.dumps({"n": 1}), state_metadata={"contentType": "application/json"})
    first = client.get_state("store", "a")
    assert first.json() == {"n": 1} and first.etag
    client.save_state("store", "a", b"second", etag=first.etag, options=StateOptions(Consistency.strong, Concurrency.first_write))
    with pytest.raises(grpc.RpcError) as failure:
        client.save_state("store", "a", b"third", etag=first.etag, options=StateOptions(concurrency=Concurrency.first_write))
    assert failure.value.code() == grpc.StatusCode.ABORTED
    with pytest.raises(grpc.RpcError) as failure:
        client.delete_state("store", "a", etag=first.etag, options=StateOptions(concurrency=Concurrency.first_write))
    assert failure.value.code() == grpc.StatusCode.ABORTED
    second = client.get_state("store", "a")
    assert second.data == b"second"
    client.delete_state("store", "a", etag=second.etag)
    gone = client.get_state("store", "a")
    assert (gone.data, gone.etag) == (b"", "")


def test_state_that_expires(client):
    client.save_state("store", "short", b"x", state_metadata={"ttlInSeconds": "1"})
    assert client.get_state("store", "short").data == b"x"
    wait_until(lambda: client.get_state("store", "short").data == b"", "the value to expire")
    with pytest.raises(grpc.RpcError) as failure:
        client.save_state("store", "short", b"x", state_metadata={"ttlInSeconds": "soon"})
    assert failure.value.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT)


def test_state_in_bulk(client):
    client.save_bulk_state("store", [StateItem(f"bulk{n}", f"value{n}") for n in range(5)])
    found = {item.key: item.text() for item in client.get_bulk_state("store", [f"bulk{n}" for n in range(7)], parallelism=3).items}
    assert found == {f"bulk{n}": f"value{n}" if n < 5 else "" for n in range(7)}


def test_a_transaction_is_done_as_a_whole(client):
    client.save_state("store", "old", b"x")
    client.execute_state_transaction("store", [
        TransactionalStateOperation("new1", b"1"), TransactionalStateOperation("new2", b"2"),
        TransactionalStateOperation("old", operation_type=TransactionOperationType.delete)])
    assert [client.get_state("store", key).data for key in ("new1", "new2", "old")] == [b"1", b"2", b""]
    with pytest.raises(grpc.RpcError):
        client.execute_state_transaction("store", [
            TransactionalStateOperation("new1", b"changed"), TransactionalStateOperation("new2", b"changed", etag="999999")])
    assert [client.get_state("store", key).data for key in ("new1", "new2")] == [b"1", b"2"]


def test_a_query(client):
    client.save_bulk_state("store", [
        StateItem(f"person{n}", json.dumps({"name": f"p{n}", "age": n * 10, "group": "query"}), metadata={"contentType": "application/json"})
        for n in range(6)])
    query = {"filter": {"EQ": {"group": "query"}}, "sort": [{"key": "age", "order": "DESC"}], "page": {"limit": 4}}
    ages, token = [], ""
    for _ in range(2):
        page = client.query_state("store", json.dumps(query | {"page": {"limit": 4, "token": token}} if token else query))
        ages += [item.json()["age"] for item in page.results]
        token = page.token
    assert ages == [50, 40, 30, 20, 10, 0]


def test_state_mistakes_are_told(client):
    with pytest.raises(grpc.RpcError) as failure:
        client.get_state("nowhere", "a")
    assert failure.value.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION)
    assert "nowhere" in failure.value.details()


def test_secrets(client):
    assert client.get_secret("vault", "password").secret == {"password": "s3cret"}
    assert client.get_bulk_secret("vault").secrets == {"password": {"password": "s3cret"}, "db:user": {"db:user": "me"}}
    with pytest.raises(grpc.RpcError):
        client.get_secret("vault", "nothing")


def test_invocation(client):
    answer = client.invoke_method(
        "sdk", "echo/x", json.dumps({"a": 1}), content_type="application/json", http_verb="PUT", metadata=(("mine", "kept"),),
        http_querystring=(("q", "1"),))
    seen = json.loads(answer.data)
    assert (seen["verb"], seen["path"], json.loads(seen["body"])) == ("PUT", "/echo/x?q=1", {"a": 1})
    assert seen["mine"] == "kept"
    assert answer.content_type == "application/json"
    for verb in ("GET", "DELETE"):
        assert json.loads(client.invoke_method("sdk", "echo", http_verb=verb).data)["verb"] == verb
    for app, method in (("sdk", "teapot"), ("nobody", "echo")):
        with pytest.raises(Exception) as failure:
            client.invoke_method(app, method, b"")
        assert type(failure.value).__module__.startswith(("dapr", "grpc"))


def test_publishing_and_a_subscription_stream(client):
    # An answer that crosses the end of its stream is lost: what is redelivered must not meet the next client.
    orders, doomed, letters = (f"{name}-{settings.DAPR_API_METHOD_INVOCATION_PROTOCOL}" for name in ("orders", "doomed", "letters"))
    subscription = client.subscribe("bus", orders)
    client.publish_event("bus", orders, json.dumps({"id": 1}), data_content_type="application/json", publish_metadata={"x": "y"})
    message = subscription.next_message()
    assert (message.topic(), message.pubsub_name(), message.data()) == (orders, "bus", {"id": 1})
    assert message.data_content_type() == "application/json" and message.id() and message.source() == "sdk"
    subscription.respond_retry(message)
    again = subscription.next_message()
    assert again.id() == message.id()
    subscription.respond_success(again)
    answer = client.publish_events("bus", orders, [f"text {n}" for n in range(3)], data_content_type="text/plain")
    assert answer.failed_entries == []
    texts = []
    for _ in range(3):
        message = subscription.next_message()
        texts.append(message.data())
        subscription.respond_success(message)
    assert sorted(texts) == [f"text {n}" for n in range(3)]
    subscription.close()
    # What the app gives up goes to the topic of dead letters.
    subscription = client.subscribe("bus", doomed, dead_letter_topic=letters)
    dead = client.subscribe("bus", letters)
    client.publish_events("bus", doomed, [BulkPublishEntry("dropped", content_type="text/plain")])
    subscription.respond_drop(subscription.next_message())
    letter = dead.next_message()
    assert letter.data() == "dropped"
    dead.respond_success(letter)
    subscription.close()
    dead.close()
    with pytest.raises(grpc.RpcError):
        client.publish_event("nowhere", orders, b"x")


def test_a_subscription_with_a_handler(client):
    topic = f"handled-{settings.DAPR_API_METHOD_INVOCATION_PROTOCOL}"
    seen, done = [], threading.Event()

    def handle(message):
        seen.append(message.data())
        if len(seen) == 3:
            done.set()
        return TopicEventResponse("success")

    close = client.subscribe_with_handler("bus", topic, handle)
    for number in range(3):
        client.publish_event("bus", topic, json.dumps(number), data_content_type="application/json")
    assert done.wait(20)
    close()
    assert sorted(seen) == [0, 1, 2]


def test_a_binding(client):
    created = client.invoke_binding("files", "create", b"content", binding_metadata={"fileName": "note.txt"})
    assert "note.txt" in created.text()
    assert client.invoke_binding("files", "get", binding_metadata={"fileName": "note.txt"}).data == b"content"
    assert any("note.txt" in name for name in client.invoke_binding("files", "list").json())
    client.invoke_binding("files", "delete", binding_metadata={"fileName": "note.txt"})
    with pytest.raises(grpc.RpcError):
        client.invoke_binding("files", "get", binding_metadata={"fileName": "note.txt"})


def test_metadata(client):
    client.set_metadata("mine", "value")
    metadata = client.get_metadata()
    assert metadata.application_id == "sdk"
    assert metadata.extended_metadata["mine"] == "value"
    assert {component.name: component.type for component in metadata.registered_components} == {
        "store": "state.in-memory", "bus": "pubsub.in-memory", "vault": "secretstores.local.file", "files": "bindings.localstorage"}


def test_waiting(client):
    started = time.monotonic()
    client.wait(20)
    assert time.monotonic() - started < 10


def test_the_asynchronous_client(mecha, monkeypatch):
    monkeypatch.setattr(settings, "DAPR_HTTP_PORT", mecha.http_port)
    monkeypatch.setattr(settings, "DAPR_GRPC_PORT", mecha.grpc_port)

    async def use():
        async with AsyncDaprClient() as client:
            await client.wait(20)
            await asyncio.gather(*(client.save_state("store", f"async{n}", f"{n}") for n in range(50)))
            answers = await asyncio.gather(*(client.get_state("store", f"async{n}") for n in range(50)))
            assert [answer.text() for answer in answers] == [str(n) for n in range(50)]
            assert (await client.get_secret("vault", "password")).secret == {"password": "s3cret"}
            assert json.loads((await client.invoke_method("sdk", "echo", b"x", http_verb="POST")).data)["body"] == "x"
            subscription = await client.subscribe("bus", "async")
            await client.publish_event("bus", "async", "text", data_content_type="text/plain")
            message = await subscription.next_message()
            assert message.data() == "text"
            await subscription.respond_success(message)
            await subscription.close()

    asyncio.run(use())


# What is not


def call(client, name):
    job = Job("job", schedule="@every 1h", data=None)
    match name:
        case "get_configuration": return client.get_configuration("settings", ["a"])
        case "unsubscribe_configuration": return client.unsubscribe_configuration("settings", "id")
        case "try_lock": return client.try_lock("locks", "resource", "owner", 10)
        case "unlock": return client.unlock("locks", "resource", "owner")
        case "encrypt": return client.encrypt(b"data", EncryptOptions("crypto", "key", "RSA")).read()
        case "decrypt": return client.decrypt(b"data", DecryptOptions("crypto", "key")).read()
        case "schedule_job": return client.schedule_job(job)
        case "get_job": return client.get_job("job")
        case "delete_job": return client.delete_job("job")
        case "schedule_job_alpha1": return client.schedule_job_alpha1(job)
        case "get_job_alpha1": return client.get_job_alpha1("job")
        case "delete_job_alpha1": return client.delete_job_alpha1("job")
        case "converse_alpha1": return client.converse_alpha1("model", [ConversationInput("hello")])
        case "converse_alpha2": return client.converse_alpha2("model", [ConversationInputAlpha2([create_user_message("hello")])])


NOT_BUILT = [
    "get_configuration", "unsubscribe_configuration", "try_lock", "unlock", "encrypt", "decrypt", "schedule_job", "get_job", "delete_job",
    "schedule_job_alpha1", "get_job_alpha1", "delete_job_alpha1", "converse_alpha1", "converse_alpha2"]


@pytest.mark.parametrize("name", NOT_BUILT)
def test_what_is_not_built_says_so(client, name):
    with pytest.raises((grpc.RpcError, DaprGrpcError)) as failure:
        call(client, name)
    assert failure.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_subscription_of_configuration_says_so(mecha):
    from dapr.proto import api_v1
    with pytest.raises(grpc.RpcError) as failure:
        next(mecha.stub.SubscribeConfiguration(api_v1.SubscribeConfigurationRequest(store_name="settings", keys=["a"]), timeout=20))
    assert failure.value.code() == grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(["method", "more"], [
    ("schedule_new_workflow", ()), ("get_workflow_state", ("id",)), ("raise_workflow_event", ("id", "event")),
    ("terminate_workflow", ("id",)), ("pause_workflow", ("id",)), ("resume_workflow", ("id",)), ("purge_workflow", ("id",))])
def test_workflows_say_so(mecha, method, more):
    workflow = pytest.importorskip("dapr.ext.workflow")

    def empty(context, data):
        return data

    client = workflow.DaprWorkflowClient(host="127.0.0.1", port=str(mecha.grpc_port))
    with pytest.raises(grpc.RpcError) as failure:
        getattr(client, method)(*(more or (empty,)))
    assert failure.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_actors_say_so(mecha, monkeypatch):
    monkeypatch.setattr(settings, "DAPR_HTTP_PORT", mecha.http_port)

    class Counter(ActorInterface):
        @actormethod(name="Increment")
        async def increment(self, data: object) -> object: ...

    async def use():
        await ActorProxy.create("Counter", ActorId("1"), Counter).Increment({})

    with pytest.raises(Exception, match="ERR_ACTOR|501|not"):
        asyncio.run(use())
    from dapr.proto import api_v1
    with pytest.raises(grpc.RpcError) as failure:
        mecha.stub.InvokeActor(api_v1.InvokeActorRequest(actor_type="Counter", actor_id="1", method="Increment"), timeout=20)
    assert failure.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_every_method_of_the_client_is_here():
    """A newer SDK may bring more."""
    own = pathlib.Path(__file__).read_text()
    names = [name for name in dir(DaprClient) if not name.startswith("_") and callable(getattr(DaprClient, name))]
    helpers = {"close", "get_credentials", "invoke_method_async", "subscribe_configuration"}
    assert [name for name in names if name not in helpers and f"{name}(" not in own] == []


# The end


def test_shutdown_ends_the_process(tmp_path, app, monkeypatch):
    with daprd(tmp_path, app.port) as mecha:
        monkeypatch.setattr(settings, "DAPR_HTTP_PORT", mecha.http_port)
        with DaprClient(f"127.0.0.1:{mecha.grpc_port}") as client:
            client.shutdown()
        assert mecha.wait_exit() == 0
