"""What the state API answers when something is wrong: codes, details, and that it goes on serving."""

import json

import grpc
import pytest
from dapr.proto import api_v1, common_v1
from runtime import Mecha, component, free_port, request, status_details

MAX_BODY_BYTES = 64 << 10


@pytest.fixture(scope="module")
def mecha(tmp_path_factory):
    folder = tmp_path_factory.mktemp("errors")
    resources = {
        "memory.yaml": component("memory", "state.in-memory"),
        "down.yaml": component("down", "state.redis", {"redisHost": f"127.0.0.1:{free_port()}"}),
    }
    with Mecha(folder, "--max-body-size", "64Ki", resources=resources) as mecha:
        yield mecha


@pytest.fixture(scope="module")
def storeless(tmp_path_factory):
    secrets = {"secrets.yaml": component("env", "secretstores.local.env")}
    with Mecha(tmp_path_factory.mktemp("storeless"), resources=secrets) as mecha:
        yield mecha


def item(key="k", etag=None, **parts):
    return common_v1.StateItem(key=key, value=b"1", etag=common_v1.Etag(value=etag) if etag else None, **parts)


# Each call of the API in both forms, against a store and a key of one's choice.
CALLS = {
    "get": (
        lambda store, key: ("GET", f"/v1.0/state/{store}/{key}", None),
        "GetState", lambda store, key: api_v1.GetStateRequest(store_name=store, key=key), "ERR_STATE_GET"),
    "save": (
        lambda store, key: ("POST", f"/v1.0/state/{store}", [{"key": key, "value": 1}]),
        "SaveState", lambda store, key: api_v1.SaveStateRequest(store_name=store, states=[item(key)]), "ERR_STATE_SAVE"),
    "delete": (
        lambda store, key: ("DELETE", f"/v1.0/state/{store}/{key}", None),
        "DeleteState", lambda store, key: api_v1.DeleteStateRequest(store_name=store, key=key), "ERR_STATE_DELETE"),
    "bulk get": (
        lambda store, key: ("POST", f"/v1.0/state/{store}/bulk", {"keys": [key]}),
        "GetBulkState", lambda store, key: api_v1.GetBulkStateRequest(store_name=store, keys=[key]), "ERR_STATE_BULK_GET"),
    "transaction": (
        lambda store, key: (
            "POST", f"/v1.0/state/{store}/transaction", {"operations": [{"operation": "upsert", "request": {"key": key, "value": 1}}]}),
        "ExecuteStateTransaction",
        lambda store, key: api_v1.ExecuteStateTransactionRequest(
            storeName=store, operations=[api_v1.TransactionalStateOperation(operationType="upsert", request=item(key))]),
        "ERR_STATE_TRANSACTION"),
}


@pytest.fixture(params=CALLS.values(), ids=CALLS.keys())
def call(request):
    return request.param


def http(mecha, call, store, key="k"):
    method, path, body = call[0](store, key)
    return mecha.request(method, path, json_body=body)


def grpc_failure(mecha, call, store, key="k"):
    with pytest.raises(grpc.RpcError) as failure:
        getattr(mecha.stub, call[1])(call[2](store, key), timeout=20)
    return failure.value


def check_http_details(answer, reason, store):
    info, resource = answer.json["details"]
    assert info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    assert (info["reason"], info["domain"]) == (reason, "dapr.io")
    assert resource["@type"] == "type.googleapis.com/google.rpc.ResourceInfo"
    assert (resource["resource_type"], resource["resource_name"]) == ("state", store)


def check_grpc_details(error, reason, store):
    details = status_details(error)
    assert (details["ErrorInfo"].reason, details["ErrorInfo"].domain) == (reason, "dapr.io")
    assert (details["ResourceInfo"].resource_type, details["ResourceInfo"].resource_name) == ("state", store)


def test_an_unknown_store(mecha, call):
    answer = http(mecha, call, "nowhere")
    assert (answer.status, answer.error) == (400, "ERR_STATE_STORE_NOT_FOUND")
    assert "nowhere" in answer.json["message"]
    check_http_details(answer, "DAPR_STATE_NOT_FOUND", "nowhere")
    error = grpc_failure(mecha, call, "nowhere")
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    check_grpc_details(error, "DAPR_STATE_NOT_FOUND", "nowhere")


def test_no_store_at_all(storeless, call):
    answer = http(storeless, call, "store")
    assert (answer.status, answer.error) == (500, "ERR_STATE_STORE_NOT_CONFIGURED")
    check_http_details(answer, "DAPR_STATE_NOT_CONFIGURED", "store")
    error = grpc_failure(storeless, call, "store")
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    check_grpc_details(error, "DAPR_STATE_NOT_CONFIGURED", "store")


def test_a_key_with_the_separator(mecha, call):
    answer = http(mecha, call, "memory", "a||b")
    assert (answer.status, answer.error) == (400, "ERR_MALFORMED_REQUEST")
    assert answer.json["message"] == "input key/keyPrefix 'a||b' can't contain '||'"
    assert answer.json["details"][0]["reason"] == "DAPR_STATE_ILLEGAL_KEY"
    error = grpc_failure(mecha, call, "memory", "a||b")
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert status_details(error)["ErrorInfo"].reason == "DAPR_STATE_ILLEGAL_KEY"


def test_a_backend_that_is_down(mecha, call):
    answer = http(mecha, call, "down")
    assert (answer.status, answer.error) == (500, call[3])
    assert "cannot be reached" in answer.json["message"] and "refused" in answer.json["message"]
    assert grpc_failure(mecha, call, "down").code() == grpc.StatusCode.INTERNAL


def test_an_empty_key_over_grpc(mecha, call):
    assert grpc_failure(mecha, call, "memory", "").code() == grpc.StatusCode.INVALID_ARGUMENT


def test_etag_failures_name_the_call(mecha):
    mecha.request("POST", "/v1.0/state/memory", json_body=[{"key": "etag", "value": 1}])
    saved = mecha.request("POST", "/v1.0/state/memory", json_body=[{"key": "etag", "value": 1, "etag": "x"}])
    assert (saved.status, saved.error) == (409, "ERR_STATE_SAVE")
    deleted = mecha.request("DELETE", "/v1.0/state/memory/etag", headers={"If-Match": "x"})
    assert (deleted.status, deleted.error) == (409, "ERR_STATE_DELETE")


MALFORMED = {
    "save": ("/v1.0/state/memory", {
        "nothing": b"",
        "cut off": b'[{"key": "a", "value": {"b": ',
        "cut off in a string": b'[{"key": "a',
        "no JSON": b"key=a&value=1",
        "an object": b'{"key": "a", "value": 1}',
        "a number": b"5",
        "text after the array": b'[{"key": "a", "value": 1}] x',
        "items of another type": b"[1]",
        "no key": b'[{"value": 1}]',
        "an empty key": b'[{"key": "", "value": 1}]',
        "a numeric key": b'[{"key": 1, "value": 1}]',
        "a null key": b'[{"key": null, "value": 1}]',
        "a numeric etag": b'[{"key": "a", "value": 1, "etag": 5}]',
        "metadata that are no object": b'[{"key": "a", "value": 1, "metadata": [1]}]',
        "metadata that are no texts": b'[{"key": "a", "value": 1, "metadata": {"ttlInSeconds": 5}}]',
        "options that are no object": b'[{"key": "a", "value": 1, "options": 5}]',
        "a concurrency of another type": b'[{"key": "a", "value": 1, "options": {"concurrency": 5}}]',
        "an unknown concurrency": b'[{"key": "a", "value": 1, "options": {"concurrency": "maybe"}}]',
        "an unknown consistency": b'[{"key": "a", "value": 1, "options": {"consistency": "maybe"}}]',
        "broken UTF-8": b'[{"key": "\xff\xfe", "value": 1}]',
        "a raw control character": b'[{"key": "a\x01", "value": 1}]',
        "a deep array": b"[" * 30_000,
        "a deep value": b'[{"key": "a", "value": ' + b"[" * 10_000 + b"]" * 10_000 + b"}]",
        "a number that is none": b'[{"key": "a", "value": 01}]',
    }),
    "bulk": ("/v1.0/state/memory/bulk", {
        "nothing": b"",
        "an array": b'["a"]',
        "keys that are no array": b'{"keys": "a"}',
        "keys that are no texts": b'{"keys": [1]}',
        "a parallelism that is no number": b'{"keys": ["a"], "parallelism": "x"}',
        "cut off": b'{"keys": ["a"',
    }),
    "transaction": ("/v1.0/state/memory/transaction", {
        "nothing": b"",
        "an array": b"[]",
        "operations that are no array": b'{"operations": {}}',
        "an operation that is no object": b'{"operations": [1]}',
        "an operation of another type": b'{"operations": [{"operation": 1, "request": {"key": "a"}}]}',
        "no key": b'{"operations": [{"operation": "upsert", "request": {"value": 1}}]}',
        "no request": b'{"operations": [{"operation": "delete"}]}',
        "metadata that are no texts": b'{"operations": [], "metadata": {"a": 1}}',
        "cut off": b'{"operations": [{"operation": "upsert"',
    }),
}


@pytest.mark.parametrize(
    ["path", "body"], [(path, body) for path, bodies in MALFORMED.values() for body in bodies.values()],
    ids=[f"{call}-{name}" for call, (_, bodies) in MALFORMED.items() for name in bodies])
def test_a_malformed_body(mecha, path, body):
    answer = mecha.request("POST", path, body=body)
    assert (answer.status, answer.error) == (400, "ERR_MALFORMED_REQUEST")
    assert len(answer.json["message"]) < 300
    assert mecha.request("GET", "/v1.0/state/memory/a").status == 204


def test_null_members_count_as_absent(mecha):
    body = '[{"key": "nulls", "value": 1, "etag": null, "metadata": null, "options": null}]'
    assert mecha.request("POST", "/v1.0/state/memory", body=body).status == 204
    assert mecha.request("POST", "/v1.0/state/memory/bulk", body='{"keys": null}').json == []
    assert mecha.request("POST", "/v1.0/state/memory/transaction", body='{"operations": null}').status == 204


def test_an_unknown_operation(mecha):
    body = {"operations": [{"operation": "increment", "request": {"key": "a"}}]}
    answer = mecha.request("POST", "/v1.0/state/memory/transaction", json_body=body)
    assert (answer.status, answer.error) == (400, "ERR_NOT_SUPPORTED_STATE_OPERATION")


def test_a_body_that_is_too_large(mecha):
    body = json.dumps([{"key": "a", "value": "x" * MAX_BODY_BYTES}])
    assert mecha.request("POST", "/v1.0/state/memory", body=body).status == 413
    # Chunked: nobody says the length beforehand.
    chunks = (b"x" * 1024 for _ in range(200))
    assert mecha.request("POST", "/v1.0/state/memory", body=chunks).status == 413
    with pytest.raises(grpc.RpcError) as failure:
        mecha.stub.SaveState(api_v1.SaveStateRequest(
            store_name="memory", states=[common_v1.StateItem(key="a", value=b"x" * MAX_BODY_BYTES)]))
    assert failure.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert mecha.request("GET", "/v1.0/state/memory/a").status == 204


def test_a_body_just_below_the_limit(mecha):
    body = json.dumps([{"key": "big", "value": ""}])
    body = body.replace('""', '"' + "x" * (MAX_BODY_BYTES - len(body)) + '"')
    assert mecha.request("POST", "/v1.0/state/memory", body=body).status == 204


def test_a_header_block_that_is_too_large(mecha):
    answer = mecha.request("GET", "/v1.0/state/memory/a", headers={"x-large": "x" * 5000})
    assert answer.status == 431


@pytest.mark.parametrize("path", ["/v1.0/state/memory/%zz", "/v1.0/state/memory/%", "/v1.0/state/memory/%ff", "/v1.0/state/%zz/k"])
def test_a_broken_escape_in_the_path(mecha, path):
    assert mecha.request("GET", path).status == 400


def test_slashes_in_the_path_are_cleaned(mecha):
    mecha.request("POST", "//v1.0//state/memory/", json_body=[{"key": "slashes", "value": 1}])
    assert mecha.request("GET", "/v1.0/state//memory/slashes/").text == "1"


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_both_verbs_write(mecha, method):
    assert mecha.request(method, "/v1.0/state/memory", json_body=[{"key": method, "value": 1}]).status == 204
    assert mecha.request(method, "/v1.0/state/memory/bulk", json_body={"keys": [method]}).json[0]["data"] == 1
    assert mecha.request(method, "/v1.0/state/memory/transaction", json_body={"operations": []}).status == 204


def test_answers_of_a_read(mecha):
    mecha.request("POST", "/v1.0/state/memory", body='[{"key": "n", "value":  {"a" : 1.50} }]')
    answer = mecha.request("GET", "/v1.0/state/memory/n?metadata.partitionKey=x&consistency=strong")
    assert answer.body == b'{"a" : 1.50}', "numbers and blanks of a value stay as they were"
    assert answer.headers["content-type"] == "application/json"
    missing = mecha.request("GET", "/v1.0/state/memory/nobody")
    assert (missing.status, missing.body, missing.headers["etag"]) == (204, b"", None)


def test_bytes_that_are_no_json_come_back_unchanged(mecha):
    value = bytes(range(256))
    mecha.stub.SaveState(api_v1.SaveStateRequest(store_name="memory", states=[common_v1.StateItem(key="bytes", value=value)]))
    assert mecha.stub.GetState(api_v1.GetStateRequest(store_name="memory", key="bytes")).data == value
    assert mecha.request("GET", "/v1.0/state/memory/bytes").body == value


def test_a_delete_without_a_key_is_no_route(mecha):
    answer = mecha.request("DELETE", "/v1.0/state/memory")
    assert (answer.status, answer.error) == (404, "ERR_DIRECT_INVOKE")


def test_messages_carry_no_values(mecha):
    secret = "s3cr3t-payload"
    answers = [
        mecha.request("POST", "/v1.0/state/memory", body=f'[{{"key": "a", "value": "{secret}"'),
        mecha.request("POST", "/v1.0/state/down", json_body=[{"key": "a", "value": secret}]),
        mecha.request("POST", "/v1.0/state/nowhere", json_body=[{"key": "a", "value": secret}]),
    ]
    assert all(answer.status >= 400 and secret not in answer.text for answer in answers)
    assert secret not in mecha.log
    assert request(mecha.http_port, "GET", "/v1.0/healthz").status == 204
