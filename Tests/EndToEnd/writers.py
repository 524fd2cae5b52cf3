"""Concurrent writers over both protocols that remember what was acknowledged to them."""

import http.client
import json
import threading

import grpc
from dapr.proto import api_service_v1, api_v1, common_v1
from runtime import wait_until


class Writers:
    """Threads that save numbered keys, and over and over one key of their own, until told to stop.

    ``acknowledged`` holds what the runtime confirmed; ``counters`` the last confirmed and the last attempted value of
    each writer's own key. A failed call is made again with the next number, on a new connection if that broke.
    """

    def __init__(self, mecha, store, http_writers=4, grpc_writers=4):
        self.mecha = mecha
        self.store = store
        self.lock = threading.Lock()
        self.acknowledged = {}
        self.counters = {}
        self.refusals = []
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(kind, f"{kind.__name__}-{number}"), daemon=True)
            for kind, count in ((HTTPSession, http_writers), (GRPCSession, grpc_writers)) for number in range(count)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive(), "a writer hangs"

    def wait_for(self, more):
        """Waits until as many further writes were acknowledged."""
        goal = len(self.acknowledged) + more
        wait_until(lambda: len(self.acknowledged) >= goal, f"{more} more acknowledged writes", pause=0.001)

    def _write(self, kind, name):
        session = None
        number = 0
        while not self._stopping.is_set():
            number += 1
            try:
                session = session or kind(self.mecha)
                with self.lock:
                    confirmed, _ = self.counters.get(name, (0, 0))
                    self.counters[name] = (confirmed, number)
                refusal = session.save(self.store, {f"{name}-{number}": number, name: number})
            except (OSError, http.client.HTTPException, grpc.RpcError) as error:
                # Whether this write happened is unknown.
                if isinstance(error, http.client.IncompleteRead):
                    self.refusals.append(error)
                session = session.close()
                self._stopping.wait(0.005)
                continue
            with self.lock:
                if refusal is None:
                    self.acknowledged[f"{name}-{number}"] = number
                    self.counters[name] = (number, number)
                else:
                    self.refusals.append(refusal)
        if session:
            session.close()

    def check(self, mecha):
        """Every acknowledged write is there, and no counter is behind what was acknowledged or ahead of what was sent."""
        with self.lock:
            acknowledged, confirmed = dict(self.acknowledged), {name: counter[0] for name, counter in self.counters.items()}
        keys = [*acknowledged, *confirmed]
        answer = mecha.request("POST", f"/v1.0/state/{self.store}/bulk", json_body={"keys": keys})
        assert answer.status == 200, answer
        found = {item["key"]: item.get("data") for item in answer.json}
        lost = {key for key, value in acknowledged.items() if found[key] != value}
        assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged writes are lost, such as {sorted(lost)[:3]}"
        for name, least in confirmed.items():
            assert least <= (found[name] or 0) <= self.counters[name][1], name


class HTTPSession:
    """Saves over one kept connection."""

    def __init__(self, mecha):
        self.connection = mecha.connection()

    def save(self, store, items):
        body = json.dumps([{"key": key, "value": value} for key, value in items.items()])
        self.connection.request("POST", f"/v1.0/state/{store}", body, {"content-type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status == 503 and b"still starting" in text:
            raise ConnectionRefusedError(text)
        return None if answer.status == 204 else (answer.status, text)

    def close(self):
        self.connection.close()


class GRPCSession:
    """Saves over a channel of its own."""

    def __init__(self, mecha):
        self.channel = grpc.insecure_channel(
            f"127.0.0.1:{mecha.grpc_port}", [("grpc.use_local_subchannel_pool", 1)])

    def save(self, store, items):
        states = [common_v1.StateItem(key=key, value=json.dumps(value).encode()) for key, value in items.items()]
        try:
            api_service_v1.DaprStub(self.channel).SaveState(
                api_v1.SaveStateRequest(store_name=store, states=states), timeout=20)
        except grpc.RpcError as error:
            if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                raise
            return error.code(), error.details()

    def close(self):
        self.channel.close()
