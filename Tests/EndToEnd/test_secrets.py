"""The secrets API on the stores that need no server (sections 1.5 and 7 of the Dapr surface)."""

import json
import urllib.parse

import grpc
import pytest
from dapr.proto import api_v1
from runtime import Mecha, component, configuration, wait_until

SECRETS = {"plain": "p", "redis": {"password": "r", "hosts": ["h0", "h1"]}, "number": 5, "flag": True, "naïve key": "ü☃"}
FLAT = {
    "plain": "p", "redis:password": "r", "redis:hosts:0": "h0", "redis:hosts:1": "h1", "number": "5", "flag": "true", "naïve key": "ü☃"}


@pytest.fixture(scope="module")
def mecha(tmp_path_factory):
    folder = tmp_path_factory.mktemp("secrets")
    path = folder / "secrets.json"
    path.write_text(json.dumps(SECRETS))
    file = {"secretsFile": str(path)}
    scopes = [
        {"storeName": "allowing", "defaultAccess": "allow", "deniedSecrets": ["plain"]},
        {"storeName": "denying", "defaultAccess": "deny", "allowedSecrets": ["plain"]},
        {"storeName": "listed", "allowedSecrets": ["plain", "number"], "deniedSecrets": ["plain"]},
        {"storeName": "closed", "defaultAccess": "deny"},
    ]
    resources = {
        "file.yaml": component("file", "secretstores.local.file", file),
        "dotted.yaml": component("dotted", "secretstores.local.file", file | {"nestedSeparator": "."}),
        "multi.yaml": component("multi", "secretstores.local.file", file | {"multiValued": "true"}),
        "relative.yaml": component("relative", "secretstores.local.file", {"secretsFile": "secrets.json"}),
        "env.yaml": component("env", "secretstores.local.env"),
        "prefixed.yaml": component("prefixed", "secretstores.local.env", {"prefix": "MINE_"}),
        "hidden.yaml": component("hidden", "secretstores.local.file", file, "scopes: [another-app]\n"),
        "lost.yaml": component("lost", "secretstores.local.file", {"secretsFile": str(folder / "missing.json")}),
    } | {f"{scope['storeName']}.yaml": component(scope["storeName"], "secretstores.local.file", file) for scope in scopes}
    environment = {
        "MINE_TOKEN": "t", "OTHER": "o", "DAPR_API_TOKEN": "", "DAPR_SECRET_THING": "d", "APP_API_TOKEN": "a", "MECHA_SECRET": "m"}
    with Mecha(folder, resources=resources, config=configuration(secrets={"scopes": scopes}), env=environment) as mecha:
        yield mecha


class HTTPSecrets:
    def __init__(self, mecha):
        self.mecha = mecha

    def get(self, store, key):
        answer = self.mecha.request("GET", f"/v1.0/secrets/{store}/{urllib.parse.quote(key, safe='')}")
        return answer.json if answer.status == 200 else answer.status

    def bulk(self, store):
        answer = self.mecha.request("GET", f"/v1.0/secrets/{store}/bulk")
        return answer.json if answer.status == 200 else answer.status

    not_found, denied, failed = 401, 403, 500


class GRPCSecrets:
    def __init__(self, mecha):
        self.stub = mecha.stub

    def get(self, store, key):
        try:
            return dict(self.stub.GetSecret(api_v1.GetSecretRequest(store_name=store, key=key)).data)
        except grpc.RpcError as error:
            return error.code()

    def bulk(self, store):
        try:
            response = self.stub.GetBulkSecret(api_v1.GetBulkSecretRequest(store_name=store))
            return {name: dict(secret.secrets) for name, secret in response.data.items()}
        except grpc.RpcError as error:
            return error.code()

    not_found, denied, failed = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INTERNAL


@pytest.fixture(params=[HTTPSecrets, GRPCSecrets])
def secrets(request, mecha):
    return request.param(mecha)


@pytest.mark.parametrize(["name", "value"], FLAT.items())
def test_a_secret_of_the_file(secrets, name, value):
    assert secrets.get("file", name) == {name: value}


def test_all_secrets_of_the_file(secrets):
    assert secrets.bulk("file") == {name: {name: value} for name, value in FLAT.items()}


def test_another_separator(secrets):
    assert secrets.get("dotted", "redis.password") == {"redis.password": "r"}
    assert secrets.get("dotted", "redis:password") == secrets.failed


def test_secrets_of_many_values(secrets):
    assert secrets.get("multi", "redis") == {"password": "r", "hosts:0": "h0", "hosts:1": "h1"}
    assert secrets.get("multi", "plain") == {"plain": "p"}
    assert set(secrets.bulk("multi")) == set(SECRETS)


def test_a_relative_path_starts_at_the_working_directory(secrets):
    assert secrets.get("relative", "plain") == {"plain": "p"}


def test_a_missing_secret(secrets, mecha):
    assert secrets.get("file", "nobody") == secrets.failed
    assert mecha.request("GET", "/v1.0/secrets/file/nobody").error == "ERR_SECRET_GET"


def test_an_unknown_store(secrets, mecha):
    assert secrets.get("nowhere", "plain") == secrets.not_found
    assert secrets.bulk("nowhere") == secrets.not_found
    assert mecha.request("GET", "/v1.0/secrets/nowhere/plain").error == "ERR_SECRET_STORE_NOT_FOUND"


def test_a_store_scoped_to_another_app(secrets):
    assert secrets.get("hidden", "plain") == secrets.not_found


def test_environment_variables(secrets):
    assert secrets.get("env", "OTHER") == {"OTHER": "o"}
    assert secrets.get("prefixed", "TOKEN") == {"TOKEN": "t"}
    assert secrets.bulk("prefixed") == {"TOKEN": {"TOKEN": "t"}}
    assert secrets.bulk("env")["MINE_TOKEN"] == {"MINE_TOKEN": "t"}


@pytest.mark.parametrize("name", ["DAPR_API_TOKEN", "DAPR_SECRET_THING", "APP_API_TOKEN", "MECHA_SECRET"])
def test_the_runtime_s_own_variables_are_hidden(secrets, name):
    assert secrets.get("env", name) in ({name: ""}, {}, 204)
    assert name not in secrets.bulk("env")


SCOPED = {
    "allowing": set(FLAT) - {"plain"},
    "denying": {"plain"},
    # What is allowed by name is all there is, whatever else is denied.
    "listed": {"plain", "number"},
    "closed": set(),
}


@pytest.mark.parametrize(["store", "visible"], SCOPED.items())
def test_scopes(secrets, mecha, store, visible):
    assert set(secrets.bulk(store)) == visible
    for name, value in FLAT.items():
        assert secrets.get(store, name) == ({name: value} if name in visible else secrets.denied)
    denied = mecha.request("GET", f"/v1.0/secrets/{store}/nobody")
    assert (denied.status, denied.error) == ((500, "ERR_SECRET_GET") if store == "allowing" else (403, "ERR_PERMISSION_DENIED"))


def test_a_file_that_is_missing_fails_until_it_is_there(mecha):
    path, secrets = mecha.folder / "missing.json", HTTPSecrets(mecha)
    assert secrets.get("lost", "a") == secrets.failed
    path.write_text('{"a": "1"}')
    wait_until(lambda: secrets.get("lost", "a") == {"a": "1"}, "the file to be read")
    # Half-written by an editor: what was good goes on serving.
    path.write_text('{"a": ')

    def noticed():
        assert secrets.get("lost", "a") == {"a": "1"}
        return "missing.json holds" in mecha.log

    wait_until(noticed, "the broken file to be noticed")
    path.write_text('{"a": "2"}')
    wait_until(lambda: secrets.get("lost", "a") == {"a": "2"}, "the changed file to be read")


def test_no_secret_store_at_all(tmp_path):
    with Mecha(tmp_path, resources={"s.yaml": component("store", "state.in-memory")}) as mecha:
        answer = mecha.request("GET", "/v1.0/secrets/any/thing")
        assert (answer.status, answer.error) == (500, "ERR_SECRET_STORES_NOT_CONFIGURED")
        assert GRPCSecrets(mecha).get("any", "thing") == grpc.StatusCode.FAILED_PRECONDITION


def test_secrets_are_not_logged(mecha):
    assert all(f'"{value}"' not in mecha.log for value in ["p", "h0", "ü☃"])
