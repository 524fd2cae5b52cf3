"""The state API over both protocols behind one set of calls, so that a case is written once.

Every call answers an ``Outcome``; ``code`` is one of the constants below, which say what HTTP status and
gRPC code they stand for (sections 1.1 and 2.1 of the Dapr surface).
"""

import json
import urllib.parse
from dataclasses import dataclass, field

import grpc
from dapr.proto import api_v1, common_v1

OK = "ok"
MISMATCH = "etag mismatch: 409, ABORTED"
REFUSED = "bad request: 400, INVALID_ARGUMENT"
FAILED = "store error: 500, INTERNAL"
UNIMPLEMENTED = "unimplemented: 501, UNIMPLEMENTED"

HTTP_CODES = {200: OK, 204: OK, 409: MISMATCH, 400: REFUSED, 500: FAILED, 501: UNIMPLEMENTED}
GRPC_CODES = {
    grpc.StatusCode.OK: OK, grpc.StatusCode.ABORTED: MISMATCH, grpc.StatusCode.INVALID_ARGUMENT: REFUSED,
    grpc.StatusCode.INTERNAL: FAILED, grpc.StatusCode.UNIMPLEMENTED: UNIMPLEMENTED,
}

MISSING = object()


@dataclass
class Outcome:
    code: str
    value: object = MISSING
    etag: str = ""
    metadata: dict = field(default_factory=dict)
    items: list = None
    token: str = ""
    message: str = ""


def quoted(key):
    return urllib.parse.quote(key, safe="")


class HTTPState:
    def __init__(self, mecha, store):
        self.mecha = mecha
        self.store = store

    def _call(self, method, path, body=None, headers=None, version="v1.0"):
        return self.mecha.request(method, f"/{version}/state/{path}", json_body=body, headers=headers)

    @staticmethod
    def _outcome(answer):
        return Outcome(HTTP_CODES[answer.status], message=answer.text if answer.status >= 400 else "")

    @staticmethod
    def _write(item):
        body = {name: item[name] for name in ("key", "value", "etag", "metadata") if name in item}
        options = {name: item[name] for name in ("concurrency", "consistency") if name in item}
        return body | ({"options": options} if options else {})

    def save(self, *items):
        return self._outcome(self._call("POST", self.store, [self._write(item) for item in items]))

    def get(self, key):
        answer = self._call("GET", f"{self.store}/{quoted(key)}")
        outcome = self._outcome(answer)
        if answer.status == 200:
            outcome.value = answer.json
            outcome.etag = answer.headers["etag"]
            outcome.metadata = {
                name[len("metadata."):]: value for name, value in answer.headers.items() if name.lower().startswith("metadata.")}
        return outcome

    def delete(self, key, etag=None, **options):
        query = "?" + urllib.parse.urlencode(options) if options else ""
        return self._outcome(self._call(
            "DELETE", f"{self.store}/{quoted(key)}{query}", headers={"if-match": etag} if etag else None))

    def bulk_get(self, *keys):
        answer = self._call("POST", f"{self.store}/bulk", {"keys": list(keys)})
        outcome = self._outcome(answer)
        if answer.status == 200:
            outcome.items = [
                Outcome(OK, item.get("data", MISSING), item.get("etag", ""), item.get("metadata", {}), message=item["key"])
                for item in answer.json]
        return outcome

    def transaction(self, *operations):
        body = {"operations": [{"operation": kind, "request": self._write(item)} for kind, item in operations]}
        return self._outcome(self._call("POST", f"{self.store}/transaction", body))

    def query(self, document):
        answer = self._call("POST", f"{self.store}/query", document, version="v1.0-alpha1")
        outcome = self._outcome(answer)
        outcome.items = []
        if answer.status == 200:
            outcome.items = [Outcome(OK, item["data"], item["etag"], message=item["key"]) for item in answer.json["results"]]
            outcome.token = answer.json.get("token", "")
        return outcome


class GRPCState:
    def __init__(self, mecha, store):
        self.stub = mecha.stub
        self.store = store

    @staticmethod
    def _call(method, request):
        try:
            return method(request, timeout=20), Outcome(OK)
        except grpc.RpcError as error:
            return None, Outcome(GRPC_CODES[error.code()], message=error.details())

    @staticmethod
    def _options(item):
        return common_v1.StateOptions(
            concurrency={"first-write": 1, "last-write": 2}.get(item.get("concurrency"), 0),
            consistency={"eventual": 1, "strong": 2}.get(item.get("consistency"), 0))

    def _item(self, item):
        return common_v1.StateItem(
            key=item["key"], value=json.dumps(item["value"]).encode() if "value" in item else b"",
            etag=common_v1.Etag(value=item["etag"]) if item.get("etag") is not None else None,
            metadata=item.get("metadata"), options=self._options(item))

    @staticmethod
    def _value(data):
        return json.loads(data) if data else MISSING

    def save(self, *items):
        states = [self._item(item) for item in items]
        return self._call(self.stub.SaveState, api_v1.SaveStateRequest(store_name=self.store, states=states))[1]

    def get(self, key):
        response, outcome = self._call(self.stub.GetState, api_v1.GetStateRequest(store_name=self.store, key=key))
        if response is not None:
            outcome.value, outcome.etag, outcome.metadata = self._value(response.data), response.etag, dict(response.metadata)
        return outcome

    def delete(self, key, etag=None, **options):
        return self._call(self.stub.DeleteState, api_v1.DeleteStateRequest(
            store_name=self.store, key=key, etag=common_v1.Etag(value=etag) if etag else None, options=self._options(options)))[1]

    def bulk_get(self, *keys):
        response, outcome = self._call(
            self.stub.GetBulkState, api_v1.GetBulkStateRequest(store_name=self.store, keys=keys, parallelism=10))
        if response is not None:
            outcome.items = [
                Outcome(OK, self._value(item.data), item.etag, dict(item.metadata), message=item.key) for item in response.items]
        return outcome

    def transaction(self, *operations):
        request = api_v1.ExecuteStateTransactionRequest(storeName=self.store, operations=[
            api_v1.TransactionalStateOperation(operationType=kind, request=self._item(item)) for kind, item in operations])
        return self._call(self.stub.ExecuteStateTransaction, request)[1]

    def query(self, document):
        response, outcome = self._call(
            self.stub.QueryStateAlpha1, api_v1.QueryStateRequest(store_name=self.store, query=json.dumps(document)))
        outcome.items = []
        if response is not None:
            outcome.items = [Outcome(OK, self._value(item.data), item.etag, message=item.key) for item in response.results]
            outcome.token = response.token
        return outcome
