"""Where and how a store keeps an app's entries: key prefixes and encryption at rest."""

import json
import secrets
import sqlite3
import uuid

import pytest
from runtime import Mecha, component

STORED = {
    None: "{app}||{key}",
    "appid": "{app}||{key}",
    "name": "store||{key}",
    "none": "{key}",
    "literal": "literal||{key}",
}


def mecha_with(folder, redis_server, metadata, **options):
    store = component("store", "state.redis", {"redisHost": redis_server.address} | metadata)
    return Mecha(folder, resources={"store.yaml": store} | options.pop("more", {}), **options)


@pytest.mark.parametrize(["strategy", "pattern"], STORED.items())
def test_key_prefix(tmp_path, redis_server, strategy, pattern):
    app, key = f"app-{uuid.uuid4().hex}", uuid.uuid4().hex
    stored = pattern.format(app=app, key=key)
    with mecha_with(tmp_path, redis_server, {"keyPrefix": strategy} if strategy else {}, app_id=app) as mecha:
        mecha.request("POST", "/v1.0/state/store", json_body=[{"key": key, "value": {"a": 1}}])
        # Dapr's layout: a hash with the value and its version.
        assert redis_server.client().hgetall(stored) == {"data": '{"a": 1}', "version": "1"}
        assert mecha.request("GET", f"/v1.0/state/store/{key}").json == {"a": 1}
        assert mecha.request("POST", "/v1.0/state/store/bulk", json_body={"keys": [key]}).json[0]["key"] == key
        operations = [{"operation": "delete", "request": {"key": key}}, {"operation": "upsert", "request": {"key": key + "2", "value": 2}}]
        mecha.request("POST", "/v1.0/state/store/transaction", json_body={"operations": operations})
        assert redis_server.client().hgetall(stored) == {}
        assert redis_server.client().hget(stored + "2", "data") == "2"
        mecha.request("DELETE", f"/v1.0/state/store/{key}2")
        assert not redis_server.client().exists(stored + "2")


@pytest.mark.parametrize(["environment", "prefix"], [({"NAMESPACE": "ns"}, "ns.{app}"), ({}, "{app}")])
def test_key_prefix_of_a_namespace(tmp_path, redis_server, environment, prefix):
    app = f"app-{uuid.uuid4().hex}"
    with mecha_with(tmp_path, redis_server, {"keyPrefix": "namespace"}, app_id=app, env=environment) as mecha:
        mecha.request("POST", "/v1.0/state/store", json_body=[{"key": "k", "value": 1}])
        assert redis_server.client().exists(prefix.format(app=app) + "||k")


def test_what_dapr_wrote_is_read(tmp_path, redis_server):
    app = f"app-{uuid.uuid4().hex}"
    redis_server.client().hset(f"{app}||k", mapping={"data": '{"by":"dapr"}', "version": "7"})
    with mecha_with(tmp_path, redis_server, {}, app_id=app) as mecha:
        answer = mecha.request("GET", "/v1.0/state/store/k")
        assert (answer.json, answer.headers["etag"]) == ({"by": "dapr"}, "7")


def test_apps_do_not_see_each_other_s_keys(tmp_path, redis_server):
    with (mecha_with(tmp_path / "a", redis_server, {}, app_id=f"a-{uuid.uuid4().hex}") as a,
          mecha_with(tmp_path / "b", redis_server, {}, app_id=f"b-{uuid.uuid4().hex}") as b):
        a.request("POST", "/v1.0/state/store", json_body=[{"key": "k", "value": "a"}])
        assert b.request("GET", "/v1.0/state/store/k").status == 204


class Vault:
    """An encrypted SQLite store whose keys stand in a secrets file."""

    def __init__(self, folder):
        self.folder = folder
        self.database = folder / "state.db"
        self.keys = {name: secrets.token_hex(32) for name in ("old", "new")}
        folder.mkdir(exist_ok=True)
        (folder / "secrets.json").write_text(json.dumps(self.keys))

    def mecha(self, **keys):
        metadata = {"connectionString": str(self.database)}
        for field, name in keys.items():
            metadata[field] = {"secretKeyRef": {"name": name, "key": name}}
        return Mecha(self.folder, resources={
            "secrets.yaml": component("vault", "secretstores.local.file", {"secretsFile": str(self.folder / "secrets.json")}),
            "store.yaml": component("store", "state.sqlite", metadata, "auth:\n  secretStore: vault\n"),
        })

    def stored(self, key):
        with sqlite3.connect(self.database) as database:
            [[value]] = database.execute("select value from state where key = ?", [f"app||{key}"])
            return value if isinstance(value, bytes) else value.encode()


@pytest.fixture
def vault(tmp_path):
    return Vault(tmp_path / "vault")


SECRET = "a-text-that-must-not-be-readable"


def test_encrypted_values_are_unreadable_in_the_store(vault):
    with vault.mecha(primaryEncryptionKey="new") as mecha:
        mecha.request("POST", "/v1.0/state/store", json_body=[{"key": "k", "value": SECRET}])
        operations = [{"operation": "upsert", "request": {"key": "t", "value": SECRET}}]
        mecha.request("POST", "/v1.0/state/store/transaction", json_body={"operations": operations})
        for key in "kt":
            assert mecha.request("GET", f"/v1.0/state/store/{key}").json == SECRET
        items = mecha.request("POST", "/v1.0/state/store/bulk", json_body={"keys": ["k", "t"]}).json
        assert [item["data"] for item in items] == [SECRET, SECRET]
        assert vault.keys["new"] not in mecha.log
    assert vault.stored("k") != vault.stored("t"), "each value has a nonce of its own"
    assert vault.stored("k").endswith(b"||new"), "the key is named beside the ciphertext, as in Dapr"
    contents = b"".join(path.read_bytes() for path in vault.folder.glob("state.db*"))
    assert SECRET.encode() not in contents and vault.keys["new"].encode() not in contents


def test_etags_hold_with_encryption(vault):
    with vault.mecha(primaryEncryptionKey="new") as mecha:
        mecha.request("POST", "/v1.0/state/store", json_body=[{"key": "k", "value": 1}])
        etag = mecha.request("GET", "/v1.0/state/store/k").headers["etag"]
        assert mecha.request("POST", "/v1.0/state/store", json_body=[{"key": "k", "value": 2, "etag": etag}]).status == 204
        assert mecha.request("POST", "/v1.0/state/store", json_body=[{"key": "k", "value": 3, "etag": etag}]).status == 409


def test_rotation_of_encryption_keys(vault):
    with vault.mecha(primaryEncryptionKey="old") as mecha:
        mecha.request("POST", "/v1.0/state/store", json_body=[{"key": "k", "value": 1}])
    with vault.mecha(primaryEncryptionKey="new", secondaryEncryptionKey="old") as mecha:
        assert mecha.request("GET", "/v1.0/state/store/k").text == "1"
        mecha.request("POST", "/v1.0/state/store", json_body=[{"key": "fresh", "value": 2}])
    assert vault.stored("k").endswith(b"||old") and vault.stored("fresh").endswith(b"||new")
    with vault.mecha(primaryEncryptionKey="new") as mecha:
        assert mecha.request("GET", "/v1.0/state/store/fresh").text == "2"
        answer = mecha.request("GET", "/v1.0/state/store/k")
        assert (answer.status, answer.error) == (500, "ERR_STATE_GET")
        items = mecha.request("POST", "/v1.0/state/store/bulk", json_body={"keys": ["k", "fresh"]}).json
        assert "error" in items[0] and "data" not in items[0]
        assert items[1]["data"] == 2


def test_a_value_that_was_tampered_with_is_not_given_out(vault):
    with vault.mecha(primaryEncryptionKey="new") as mecha:
        mecha.request("POST", "/v1.0/state/store", json_body=[{"key": "k", "value": SECRET}])
        stored = bytearray(vault.stored("k"))
        stored[20] = ord("A") if stored[20] != ord("A") else ord("B")
        with sqlite3.connect(vault.database) as database:
            database.execute("update state set value = ? where key = 'app||k'", [bytes(stored).decode()])
        answer = mecha.request("GET", "/v1.0/state/store/k")
        assert (answer.status, answer.error) == (500, "ERR_STATE_GET")


def test_an_encrypted_store_cannot_be_queried(vault):
    with vault.mecha(primaryEncryptionKey="new") as mecha:
        answer = mecha.request("POST", "/v1.0-alpha1/state/store/query", json_body={})
        assert (answer.status, answer.error) == (500, "ERR_STATE_STORE_NOT_SUPPORTED")


@pytest.mark.parametrize("metadata", [
    {"primaryEncryptionKey": "00" * 32},
    {"primaryEncryptionKey": {"secretKeyRef": {"name": "short", "key": "short"}}},
    {"primaryEncryptionKey": {"secretKeyRef": {"name": "text", "key": "text"}}},
    {"secondaryEncryptionKey": {"secretKeyRef": {"name": "new", "key": "new"}}},
], ids=["written out", "too short", "not hexadecimal", "no primary"])
def test_an_encryption_key_that_cannot_be_used(vault, metadata):
    short, text = "ab" * 7, "this is no key"
    (vault.folder / "secrets.json").write_text(json.dumps(vault.keys | {"short": short, "text": text}))
    mecha = Mecha(vault.folder, resources={
        "secrets.yaml": component("vault", "secretstores.local.file", {"secretsFile": str(vault.folder / "secrets.json")}),
        "store.yaml": component("store", "state.sqlite", metadata, "auth:\n  secretStore: vault\n"),
    })
    with mecha.launch():
        assert mecha.wait_exit() != 0
        assert "EncryptionKey" in mecha.log and "store.yaml" in mecha.log
        assert all(key not in mecha.log for key in [short, text, "00" * 32, *vault.keys.values()])
