"""A component of the world mecha:function in Python: what is asked for is in the path."""

import json

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports import bindings, invocation, locks, pubsub, secrets, state, system
from wit_world.imports.state import Operation_Delete, Operation_Write, Removal, Writing
from wit_world.imports.types import Response


class Life(exports.Life):
    def start(self):
        if system.settings() == "refuse":
            raise Err("the settings say so")
        system.log(system.Level.INFO, f"started with {system.settings()}")

    def destroy(self):
        system.log(system.Level.INFO, "destroyed")


class Handler(exports.Handler):
    def handle(self, request):
        call = getattr(self, request.target.split("?")[0].strip("/").replace("-", "_"), None)
        if call is None:
            return Response(404, [], b"")
        try:
            status, data = call(request)
        except Err as error:
            if isinstance(error.value, str):
                raise
            status, data = 200, f"{error.value.code.name}: {error.value.message}".encode()
        return Response(status, [("x-method", request.method), ("content-type", "text/plain")], data)

    def count(self, request):
        entry = state.get("statestore", "count", [])
        number = int(entry.value) + 1 if entry else 1
        state.set("statestore", "count", str(number).encode(), [("etag", entry.etag)] if entry else [])
        return 200, str(number).encode()

    def transact(self, request):
        state.transact(
            "statestore", [
                Operation_Write(Writing("a", b"1", [])), Operation_Write(Writing("b", b"2", [])),
                Operation_Delete(Removal("count", []))], [])
        items = state.get_many("statestore", ["a", "b", "count"], [])
        return 200, json.dumps({item.key: (item.outcome.value.value.decode() if item.outcome.value else None) for item in items}).encode()

    def conflict(self, request):
        state.set("statestore", "a", b"3", [("etag", "wrong"), ("concurrency", "first-write")])
        return 200, b"no conflict"

    def elsewhere(self, request):
        state.get("other", "a", [])
        return 200, b"no refusal"

    def publish(self, request):
        pubsub.publish("pubsub", "orders", request.body, [("contentType", "text/plain")])
        return 200, b"published"

    def invoke(self, request):
        reply = invocation.invoke("neighbour", "PUT", "/echo?a=b", [("x-from", "python")], request.body)
        return reply.status, reply.body

    def bind(self, request):
        bindings.invoke("files", "create", request.body, [("fileName", "made.txt")])
        return 200, bindings.invoke("files", "get", b"", [("fileName", "made.txt")]).data

    def secret(self, request):
        return 200, json.dumps(secrets.get("vault", "login", [])).encode()

    def lock(self, request):
        locks.lock("locks", "door", "me", 10)
        return 200, b"locked"

    def variable(self, request):
        return 200, repr([system.variable("COLOUR"), system.variable("HOME")]).encode()

    def echo(self, request):
        return 200, request.body

    def bomb(self, request):
        kept = []
        while True:
            kept.append(bytearray(1 << 20))

    def fail(self, request):
        raise Err("no luck")

    def broken(self, request):
        raise KeyError("a mistake in Python")

    def status(self, request):
        return 99, b""
