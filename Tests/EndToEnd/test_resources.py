"""Resource files: what they may refer to, who sees them, how mistakes are told, and changes while the runtime serves
(sections 3.2 and 4 of the Dapr surface)."""

import json
import os
import re
import threading
import textwrap

import grpc
import pytest
from dapr.proto import api_v1
from runtime import Mecha, component, configuration, wait_until


def names(mecha):
    return {found["name"] for found in mecha.request("GET", "/v1.0/metadata").json["components"]}


def line_of(text, part):
    """The number of the line that contains `part`."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


class Load:
    """Threads that read and write one store over both protocols, each call on a kept connection, and note what fails."""

    def __init__(self, mecha, store):
        self.mecha, self.store = mecha, store
        self.calls = 0
        self.failures = []
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in [self._over_http] * 3 + [self._over_grpc] * 2]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        for thread in self._threads:
            thread.join(20)

    def wait_for(self, more):
        goal = self.calls + more
        wait_until(lambda: self.calls >= goal or self.failures, f"{more} calls")
        assert not self.failures, self.failures[:3]

    def _over_http(self):
        connection = self.mecha.connection()
        keys = json.dumps({"keys": [f"k{number}" for number in range(400)]})
        body = json.dumps([{"key": f"k{number}", "value": number} for number in range(5)])
        while not self._ending.is_set():
            for method, path, text, status in [
                ("POST", "", body, 204), ("POST", "/bulk", keys, 200), ("GET", "/k1", None, (200, 204)),
                ("POST", "/transaction", '{"operations": [{"operation": "upsert", "request": {"key": "t", "value": 1}}]}', 204),
            ]:
                connection.request(method, f"/v1.0/state/{self.store}{path}", text)
                answer = connection.getresponse()
                content = answer.read()
                good = answer.status in (status if isinstance(status, tuple) else (status,))
                if not good or path == "/bulk" and b'"error"' in content:
                    self.failures.append((method, path, answer.status, content[:300]))
                self.calls += 1

    def _over_grpc(self):
        while not self._ending.is_set():
            try:
                self.mecha.stub.GetState(api_v1.GetStateRequest(store_name=self.store, key="k1"), timeout=20)
            except grpc.RpcError as error:
                self.failures.append(error)
            self.calls += 1


class TestHotReload:
    def test_files_change_come_and_go_without_a_dropped_request(self, tmp_path, redis_server):
        def file(name, **more):
            return component("store", "state.sqlite", {"connectionString": str(tmp_path / f"{name}.db"), "keyPrefix": "none"} | more)

        resources = {"store.yaml": file("one"), "other.yaml": component("other", "state.in-memory")}
        with Mecha(tmp_path, resources=resources) as mecha, Load(mecha, "store") as load:
            load.wait_for(50)
            # Added, with what nobody declared before.
            mecha.write("more.yaml", component("more", "state.in-memory"))
            wait_until(lambda: "more" in names(mecha), "the added component")
            assert mecha.request("POST", "/v1.0/state/more", json_body=[{"key": "k", "value": 1}]).status == 204
            load.wait_for(50)
            # Changed: another file, then another kind of store under the same name.
            redis = component("store", "state.redis", {"redisHost": redis_server.address, "keyPrefix": "reload"})
            for text, mark in [(file("two"), "second"), (redis, "third"), (file("three"), "fourth"), (file("one"), "fifth")]:
                mecha.request("POST", "/v1.0/state/store", json_body=[{"key": "before", "value": mark}])
                mecha.write("store.yaml", text)
                wait_until(
                    lambda: mecha.request("GET", "/v1.0/state/store/before").text != f'"{mark}"', f"the {mark} declaration")
                load.wait_for(50)
            # What did not change went on as it was.
            assert mecha.request("GET", "/v1.0/state/more/k").text == "1"
            (mecha.resources / "more.yaml").unlink()
            wait_until(lambda: "more" not in names(mecha), "the removed component to go")
            assert mecha.request("GET", "/v1.0/state/more/k").error == "ERR_STATE_STORE_NOT_FOUND"
            load.wait_for(50)
        assert not load.failures, load.failures[:3]

    def test_a_broken_file_changes_nothing_and_is_told(self, tmp_path):
        with Mecha(tmp_path, resources={"store.yaml": component("store", "state.in-memory")}) as mecha:
            mecha.request("POST", "/v1.0/state/store", json_body=[{"key": "k", "value": 1}])
            mecha.write("more.yaml", component("more", "state.in-memory").replace("  type:", "  typ:"))
            place = f"{mecha.resources}/more.yaml:"
            wait_until(lambda: "resources are not reloaded" in mecha.log, "the broken file to be told")
            line = next(line for line in mecha.log.splitlines() if "resources are not reloaded" in line)
            assert place in line and "Component/more spec.type" in line
            assert names(mecha) == {"store"}
            assert mecha.request("GET", "/v1.0/state/store/k").text == "1"
            mecha.write("more.yaml", component("more", "state.in-memory"))
            wait_until(lambda: names(mecha) == {"store", "more"}, "the mended file")
            assert mecha.request("GET", "/v1.0/state/store/k").text == "1"

    @pytest.mark.parametrize(["metadata", "problem"], [
        ({"redisHost": "localhost:port"}, "redisHost"),
        ({"redisHost": "localhost:1", "primaryEncryptionKey": "00"}, "primaryEncryptionKey"),
    ])
    def test_a_component_that_cannot_be_made_leaves_the_one_that_runs(self, tmp_path, metadata, problem):
        with Mecha(tmp_path, resources={"store.yaml": component("store", "state.in-memory")}) as mecha:
            mecha.request("POST", "/v1.0/state/store", json_body=[{"key": "k", "value": 1}])
            text = component("store", "state.redis", metadata)
            mecha.write("store.yaml", text)
            wait_until(lambda: "component not loaded" in mecha.log, "the failure to be told")
            line = next(line for line in mecha.log.splitlines() if "component not loaded" in line)
            assert f"store.yaml:{line_of(text, f'name: {problem}')}:" in line and problem in line
            assert mecha.request("GET", "/v1.0/state/store/k").text == "1"

    def test_secret_scopes_follow_the_configuration(self, tmp_path):
        resources = {"env.yaml": component("env", "secretstores.local.env")}
        with Mecha(tmp_path, resources=resources, config=configuration(), env={"MINE": "1"}) as mecha:
            assert mecha.request("GET", "/v1.0/secrets/env/MINE").status == 200
            scopes = {"scopes": [{"storeName": "env", "defaultAccess": "deny"}]}
            (tmp_path / "config.yaml").write_text(configuration(secrets=scopes))
            wait_until(lambda: mecha.request("GET", "/v1.0/secrets/env/MINE").status == 403, "the scope")

    def test_http_endpoints_come_and_go(self, tmp_path):
        with Mecha(tmp_path, resources={"store.yaml": component("store", "state.in-memory")}) as mecha:
            mecha.write("endpoint.yaml", json.dumps({
                "apiVersion": "dapr.io/v1alpha1", "kind": "HTTPEndpoint", "metadata": {"name": "self"},
                "spec": {"baseUrl": f"http://127.0.0.1:{mecha.http_port}"}}))
            wait_until(
                lambda: mecha.request("GET", "/v1.0/invoke/self/method/v1.0/healthz").status == 204, "the endpoint")
            (mecha.resources / "endpoint.yaml").unlink()
            wait_until(
                lambda: mecha.request("GET", "/v1.0/invoke/self/method/v1.0/healthz").status == 500, "the endpoint to go")


class TestReferences:
    """A Redis whose password comes from a reference tells whether the reference was followed."""

    @pytest.fixture(scope="class")
    def guarded_redis(self, tmp_path_factory):
        from redis_process import RedisServer

        server = RedisServer(tmp_path_factory.mktemp("guarded"), "--save", "", "--requirepass", "")
        server.start()
        server.client().config_set("requirepass", "r3dis-secret")
        yield server
        server.stop()

    def check(self, mecha, store="redis"):
        saved = mecha.request("POST", f"/v1.0/state/{store}", json_body=[{"key": "k", "value": 1}])
        assert saved.status == 204, saved
        assert "r3dis-secret" not in mecha.log and "r3dis-secret" not in mecha.request("GET", "/v1.0/metadata").text

    @pytest.mark.parametrize(["secrets", "reference", "store"], [
        ({"redis-password": "r3dis-secret"}, {"name": "redis-password", "key": "redis-password"}, "file"),
        ({"redis-password": "r3dis-secret"}, {"name": "redis-password"}, "file"),
        ({"redis": {"password": "r3dis-secret"}}, {"name": "redis:password", "key": "redis:password"}, "file"),
        ({"redis": {"password": "r3dis-secret", "user": "u"}}, {"name": "redis", "key": "password"}, "multi"),
    ])
    def test_secret_key_ref(self, tmp_path, guarded_redis, secrets, reference, store):
        (tmp_path / "secrets.json").write_text(json.dumps(secrets))
        redis = component(
            "redis", "state.redis", {"redisHost": guarded_redis.address, "redisPassword": {"secretKeyRef": reference}},
            f"auth:\n  secretStore: {store}\n")
        resources = {
            # Named so that it is read before the store that it needs.
            "a.yaml": redis,
            "file.yaml": component("file", "secretstores.local.file", {"secretsFile": "secrets.json"}),
            "multi.yaml": component("multi", "secretstores.local.file", {"secretsFile": "secrets.json", "multiValued": "true"}),
        }
        with Mecha(tmp_path, resources=resources) as mecha:
            self.check(mecha)

    def test_env_ref(self, tmp_path, guarded_redis):
        metadata = {"redisHost": {"envRef": "REDIS_ADDRESS"}, "redisPassword": {"envRef": "REDIS_PASSWORD"}}
        environment = {"REDIS_ADDRESS": guarded_redis.address, "REDIS_PASSWORD": "r3dis-secret"}
        with Mecha(tmp_path, resources={"r.yaml": component("redis", "state.redis", metadata)}, env=environment) as mecha:
            self.check(mecha)

    def test_templates(self, tmp_path, redis_server):
        metadata = {"redisHost": redis_server.address}
        prefixes = {"app": "x-{appID}", "space": "{namespace}", "pod": "{podName}", "unique": "u{uuid}", "unknown": "{thing}"}
        resources = {
            f"{name}.yaml": component(name, "state.redis", metadata | {"keyPrefix": prefix}) for name, prefix in prefixes.items()}
        client = redis_server.client()
        client.flushall()
        with Mecha(tmp_path, resources=resources, env={"NAMESPACE": "shop", "POD_NAME": "pod-7"}, app_id="orders") as mecha:
            for name in prefixes:
                assert mecha.request("POST", f"/v1.0/state/{name}", json_body=[{"key": name, "value": 1}]).status == 204
            keys = {key.split("||")[1]: key.split("||")[0] for key in client.keys("*||*")}
            assert re.fullmatch(r"u[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", keys.pop("unique"))
            assert keys == {"app": "x-orders", "space": "shop.orders", "pod": "pod-7", "unknown": "{thing}"}

    def test_encryption_keys_come_from_secrets(self, tmp_path, redis_server):
        (tmp_path / "secrets.json").write_text(json.dumps({"key-one": "0f" * 32, "key-two": "1e" * 16}))
        secret_file = component("file", "secretstores.local.file", {"secretsFile": "secrets.json"})

        def store(**keys):
            metadata = {"redisHost": redis_server.address, "keyPrefix": "enc"} | {
                f"{role}EncryptionKey": {"secretKeyRef": {"name": name, "key": name}} for role, name in keys.items()}
            return component("store", "state.redis", metadata, "auth:\n  secretStore: file\n")

        with Mecha(tmp_path, resources={"file.yaml": secret_file, "s.yaml": store(primary="key-one")}) as mecha:
            assert mecha.request("POST", "/v1.0/state/store", json_body=[{"key": "k", "value": "clear"}]).status == 204
            raw = redis_server.client().hget("enc||k", "data")
            assert raw.endswith("||key-one") and "clear" not in raw
            mecha.write("s.yaml", store(primary="key-two", secondary="key-one"))

            def rewritten():
                assert mecha.request("GET", "/v1.0/state/store/k").text == '"clear"'
                mecha.request("POST", "/v1.0/state/store", json_body=[{"key": "new", "value": 1}])
                return redis_server.client().hget("enc||new", "data").endswith("||key-two")

            wait_until(rewritten, "the new key to be used")
            assert mecha.request("GET", "/v1.0/state/store/k").text == '"clear"'


class TestVisibility:
    def test_scopes_and_namespaces(self, tmp_path):
        def in_namespace(name, namespace):
            return component(name, "state.in-memory").replace(f"  name: {name}", f"  name: {name}\n  namespace: {namespace}", 1)

        resources = {
            "all.yaml": component("all", "state.in-memory"),
            "mine.yaml": component("mine", "state.in-memory", extra="scopes: [other, orders]\n"),
            "theirs.yaml": component("theirs", "state.in-memory", extra="scopes: [other]\n"),
            "here.yaml": in_namespace("here", "shop"), "there.yaml": in_namespace("there", "bank"),
            # The same name in two namespaces is no conflict.
            "twin-here.yaml": in_namespace("twin", "shop"), "twin-there.yaml": in_namespace("twin", "bank"),
        }
        with Mecha(tmp_path, resources=resources, app_id="orders", env={"NAMESPACE": "shop"}) as mecha:
            assert names(mecha) == {"all", "mine", "here", "twin"}
            for hidden in ["theirs", "there"]:
                assert mecha.request("GET", f"/v1.0/state/{hidden}/k").error == "ERR_STATE_STORE_NOT_FOUND"

    def test_denied_types_are_not_loaded(self, tmp_path):
        resources = {"m.yaml": component("memory", "state.in-memory"), "e.yaml": component("env", "secretstores.local.env")}
        denied = configuration(components={"deny": ["secretstores.local.env"]})
        with Mecha(tmp_path, resources=resources, config=denied) as mecha:
            assert names(mecha) == {"memory"}
            assert "denied by the configuration" in mecha.log

    def test_several_documents_in_one_file_and_other_kinds(self, tmp_path):
        files = {
            "all.yaml": component("one", "state.in-memory") + "---\n" + component("two", "state.in-memory") + "---\n# nothing\n",
            "three.json": json.dumps({
                "apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": {"name": "three"},
                "spec": {"type": "state.in-memory", "version": "v1", "metadata": []}}),
            "unknown.yaml": "apiVersion: example.com/v1\nkind: Deployment\nmetadata: {name: d}\n",
            "notes.txt": "kind: [",
        }
        with Mecha(tmp_path, resources=files) as mecha:
            assert names(mecha) == {"one", "two", "three"}
            assert "unknown.yaml" in mecha.log and "notes.txt" not in mecha.log


def start_fails(folder, resources, config=None):
    """What is printed when these resources keep the runtime from starting."""
    mecha = Mecha(folder, resources=resources, config=config)
    with mecha.launch():
        assert mecha.wait_exit() == 1, mecha.log
    return mecha.log


REDIS = component("redis", "state.redis", {"redisHost": "localhost:1", "redisPassword": {"secretKeyRef": {"name": "no", "key": "no"}}})

MISTAKES = {
    "no type": (component("s", "state.in-memory").replace("  type: state.in-memory\n", ""), "version:", ["Component/s spec.type"]),
    "an unknown type": (component("s", "state.memry"), "apiVersion", ["state.memry"]),
    "a type that is nearly one": (component("s", "state.in-memori"), "apiVersion", ["did you mean state.in-memory?"]),
    "an unknown version": (component("s", "state.in-memory").replace("version: v1", "version: v9"), "apiVersion", ["version v9", "v1"]),
    "no name": (component("s", "state.in-memory").replace("  name: s\n", "  labels: {}\n"), "labels:", ["metadata.name"]),
    "a wrong value": (
        component("s", "state.redis", {"redisHost": "a:1", "enableTLS": "maybe"}), "name: enableTLS", ["enableTLS", "true or false"]),
    "a missing value": (component("s", "state.redis"), "apiVersion", ["redisHost", "is missing"]),
    "a wrong duration": (component("s", "state.redis", {"redisHost": "a:1", "dialTimeout": "soon"}), "name: dialTimeout", ["500ms"]),
    "a secret without a store": (REDIS, "name: redisPassword", ["spec.metadata[1] (redisPassword)", "auth.secretStore"]),
    "a secret of an unknown store": (
        REDIS + "auth:\n  secretStore: vault\n", "name: redisPassword", ["spec.metadata[1] (redisPassword)", '"vault"']),
    "a variable that is not set": (
        component("s", "state.redis", {"redisHost": {"envRef": "NOT_SET_ANYWHERE"}}), "name: redisHost", ["NOT_SET_ANYWHERE", "not set"]),
    "a list for a text": (component("s", "state.in-memory").replace("  name: s", "  name: [s]"), "name: [s]", ["metadata.name"]),
    "broken YAML": ("apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: [a\nspec: {}\n", None, []),
    "a tab": ("apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n\tname: a\n", None, []),
}


class TestMistakes:
    @pytest.mark.parametrize("name", MISTAKES)
    def test_a_mistake_is_told_with_its_place(self, tmp_path, name):
        text, part, words = MISTAKES[name]
        log = start_fails(tmp_path, {"wrong.yaml": text})
        [line] = [line for line in log.splitlines() if "wrong.yaml:" in line and "❌" in line]
        expected = rf"wrong\.yaml:{line_of(text, part) if part else r'[345]'}(:\d+)?: "
        assert re.search(expected, line), line
        assert all(word in line for word in words), line

    def test_two_of_one_name(self, tmp_path):
        text = component("s", "state.in-memory")
        log = start_fails(tmp_path, {"a.yaml": text, "b.yaml": text})
        assert re.search(r"b\.yaml:\d+: Component/s metadata\.name .*a\.yaml:\d+", log), log

    def test_all_mistakes_are_told_at_once(self, tmp_path):
        log = start_fails(tmp_path, {
            "a.yaml": component("s", "state.in-memory").replace("  type:", "  typ:"),
            "b.yaml": component("t", "state.in-memory").replace("  name: t", "  nam: t")}, config="kind: Configuration\nspec: []\n")
        assert "a.yaml:" in log and "b.yaml:" in log and "config.yaml:" in log

    def test_ignore_errors_starts_without_the_component(self, tmp_path):
        broken = component("broken", "state.redis", {"redisHost": "a:1", "enableTLS": "maybe"}).replace("  version: v1", "  version: v1\n  ignoreErrors: true")
        with Mecha(tmp_path, resources={"b.yaml": broken, "m.yaml": component("memory", "state.in-memory")}) as mecha:
            assert names(mecha) == {"memory"}
            assert "b.yaml:" in mecha.log

    def test_unknown_names_are_warnings_with_the_nearest_known_one(self, tmp_path):
        text = component("s", "state.redis", {"redisHost": "localhost:1", "redisPasword": "x", "somethingElse": "y"})
        text = text.replace("spec:\n", "spec:\n  ignoreError: true\n")
        with Mecha(tmp_path, resources={"s.yaml": text}) as mecha:
            def warning(part):
                return next(line for line in mecha.log.splitlines() if "level=warn" in line and part in line)

            line = warning("redisPasword")
            assert "did you mean" in line and "redisPassword" in line and f"s.yaml:{line_of(text, 'redisPasword')}:" in line
            assert "did you mean" not in warning("somethingElse")
            line = warning("ignoreError")
            assert "ignoreErrors" in line and f"s.yaml:{line_of(text, 'ignoreError')}:" in line
