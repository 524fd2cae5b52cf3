"""What a state store must do (sections 1.1 and 8.2 of the Dapr surface), as a table: each case is a
sequence of API calls with what must come back, run on every store over both protocols."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest
from runtime import Mecha, component, wait_until
from state_clients import FAILED, MISMATCH, MISSING, OK, REFUSED, GRPCState, HTTPState

STORES = ["memory", "sqlite", "redis"]
# What an etag that the store never gives out is to it.
BAD_ETAG = {"memory": MISMATCH, "sqlite": MISMATCH, "redis": REFUSED}
QUERYABLE = ["memory", "sqlite"]


@pytest.fixture(scope="module")
def mecha(tmp_path_factory, redis_server):
    folder = tmp_path_factory.mktemp("state")
    resources = {
        "memory.yaml": component("memory", "state.in-memory"),
        "sqlite.yaml": component("sqlite", "state.sqlite", {"connectionString": str(folder / "state.db")}),
        "redis.yaml": component("redis", "state.redis", {"redisHost": redis_server.address}),
    }
    with Mecha(folder, resources=resources) as mecha:
        yield mecha


# The vocabulary of the table. Keys are names within a case; ``Etag("k")`` stands for the etag that the
# last read of ``k`` gave.


@dataclass
class Etag:
    key: str


def item(key, value=MISSING, **parts):
    return {"key": key} | ({} if value is MISSING else {"value": value}) | parts


def save(*items, code=OK):
    return lambda case: case.expect(case.client.save(*map(case.item, items)), code)


def delete(key, code=OK, **options):
    return lambda case: case.expect(case.client.delete(case.key(key), **case.options(options)), code)


def transaction(*operations, code=OK):
    return lambda case: case.expect(
        case.client.transaction(*((kind, case.item(operation)) for kind, operation in operations)), code)


def upsert(*arguments, **parts):
    return "upsert", item(*arguments, **parts)


def remove(key, **parts):
    return "delete", item(key, **parts)


def reads(key, value=MISSING):
    """``key`` holds ``value``, or nothing."""
    return lambda case: case.read(key, value)


def bulk_reads(**values):
    return lambda case: case.bulk_read(values)


def same_etag(key):
    return lambda case: case.compare_etag(key, same=True)


def new_etag(key):
    return lambda case: case.compare_etag(key, same=False)


def expires(key, seconds):
    return lambda case: case.read_expiry(key, seconds)


def vanishes(key):
    return lambda case: wait_until(lambda: case.client.get(case.key(key)).value is MISSING, f"{key} to expire", 8, 0.1)


DOCUMENT = {"text": "naïve ☃ \u0000 \"quoted\" \\", "numbers": [0, -1, 1.5, 1e300, 12345678901234567], "nested": {"a": [None, True]}, "empty": {}}

BEHAVIOUR = {
    "what is saved is read": [save(item("k", 1)), reads("k", 1)],
    "any JSON comes back as it was": [
        save(item("object", DOCUMENT), item("text", "text"), item("null", None), item("false", False), item("list", [])),
        reads("object", DOCUMENT), reads("text", "text"), reads("null", None), reads("false", False), reads("list", [])],
    "a missing key reads as nothing": [reads("nobody")],
    "a second write replaces the first": [save(item("k", 1)), save(item("k", 2)), reads("k", 2)],
    "one save takes many items": [
        save(*(item(f"k{i}", i) for i in range(50))), reads("k0", 0), reads("k49", 49)],
    "an empty save succeeds": [save()],
    "a deleted key is gone": [save(item("k", 1)), delete("k"), reads("k")],
    "deleting a missing key succeeds": [delete("nobody")],
    "keys may hold any character": [
        save(*(item(key, key) for key in ["a b", "ä☃", "a/b", "a?b#c", "100%", "a+b", "%2F", "a|b", "..", "'\"\\"])),
        *(reads(key, key) for key in ["a b", "ä☃", "a/b", "a?b#c", "100%", "a+b", "%2F", "a|b", "..", "'\"\\"])],
    "a large value comes back whole": [save(item("k", "x" * 1_000_000)), reads("k", "x" * 1_000_000)],

    "bulk get gives one item per key in order": [
        save(item("a", 1), item("c", {"x": 3})), bulk_reads(a=1, b=MISSING, c={"x": 3})],
    "bulk get without keys gives nothing": [bulk_reads()],

    "each write gives a new etag": [
        save(item("k", 1)), reads("k", 1), save(item("k", 1)), new_etag("k")],
    "reading leaves the etag": [save(item("k", 1)), reads("k", 1), same_etag("k")],
    "a write with the etag succeeds": [save(item("k", 1)), reads("k", 1), save(item("k", 2, etag=Etag("k"))), reads("k", 2)],
    "a write with a stale etag is a mismatch": [
        save(item("k", 1)), reads("k", 1), save(item("k", 2)), save(item("k", 3, etag=Etag("k")), code=MISMATCH), reads("k", 2)],
    "the etag counts whatever the concurrency says": [
        save(item("k", 1)), reads("k", 1), save(item("k", 2)),
        save(item("k", 3, etag=Etag("k"), concurrency="last-write"), code=MISMATCH),
        save(item("k", 3, etag=Etag("k"), concurrency="first-write"), code=MISMATCH), reads("k", 2)],
    "a write with an etag to a missing key is a mismatch": [
        save(item("k", 1)), reads("k", 1), save(item("other", 1, etag=Etag("k")), code=MISMATCH), reads("other")],
    "an empty etag is none": [save(item("k", 1, etag="")), save(item("k", 2, etag="")), reads("k", 2)],
    "a delete with the etag succeeds": [save(item("k", 1)), reads("k", 1), delete("k", etag=Etag("k")), reads("k")],
    "a delete with a stale etag is a mismatch": [
        save(item("k", 1)), reads("k", 1), save(item("k", 2)), delete("k", etag=Etag("k"), code=MISMATCH), reads("k", 2)],
    "a delete of a missing key with an etag is a mismatch": [
        save(item("k", 1)), reads("k", 1), delete("other", etag=Etag("k"), code=MISMATCH)],

    "first-write without an etag creates only": [
        save(item("k", 1, concurrency="first-write")), save(item("k", 2, concurrency="first-write"), code=MISMATCH), reads("k", 1)],
    "first-write with the etag replaces": [
        save(item("k", 1, concurrency="first-write")), reads("k", 1),
        save(item("k", 2, concurrency="first-write", etag=Etag("k"))), reads("k", 2),
        save(item("k", 3, concurrency="first-write"), code=MISMATCH)],
    "first-write creates again after a delete": [
        save(item("k", 1, concurrency="first-write")), delete("k"), save(item("k", 2, concurrency="first-write")), reads("k", 2)],
    "last-write replaces": [
        save(item("k", 1, concurrency="last-write")), save(item("k", 2, concurrency="last-write")), reads("k", 2)],
    "both consistencies write and read": [
        save(item("e", 1, consistency="eventual"), item("s", 2, consistency="strong")), reads("e", 1), reads("s", 2),
        delete("s", consistency="strong"), reads("s")],

    "a transaction does all of it": [
        save(item("old", 0)), transaction(upsert("a", 1), upsert("b", {"x": 2}), remove("old")),
        reads("a", 1), reads("b", {"x": 2}), reads("old")],
    "a transaction keeps its order": [
        transaction(upsert("k", 1), remove("k"), upsert("k", 3), upsert("k", 4)), reads("k", 4),
        transaction(upsert("k", 5), remove("k")), reads("k")],
    "an empty transaction succeeds": [transaction()],
    "a transaction may remove what is missing": [transaction(remove("nobody"), upsert("k", 1)), reads("k", 1)],
    "a mismatch in a transaction undoes all of it": [
        save(item("k", 1)), reads("k", 1), save(item("k", 2)),
        transaction(upsert("a", 1), upsert("k", 3, etag=Etag("k")), remove("k"), code=MISMATCH), reads("a"), reads("k", 2)],
    "first-write holds in a transaction": [
        save(item("k", 1)), transaction(upsert("a", 1), upsert("k", 2, concurrency="first-write"), code=MISMATCH), reads("a")],
    "a removal in a transaction minds its etag": [
        save(item("k", 1)), reads("k", 1), save(item("k", 2)), transaction(remove("k", etag=Etag("k")), code=MISMATCH),
        reads("k", 2), transaction(remove("k", etag=Etag("k"))), reads("k")],
    "an unknown operation is refused and nothing is done": [
        transaction(upsert("a", 1), ("increment", item("b", 1)), code=REFUSED), reads("a"), reads("b")],

    "an entry with a time to live tells when it ends": [
        save(item("k", 1, metadata={"ttlInSeconds": "100"})), expires("k", 100)],
    "an entry with a time to live vanishes": [save(item("k", 1, metadata={"ttlInSeconds": "1"})), reads("k", 1), vanishes("k")],
    "a write without a time to live takes the old one away": [
        save(item("k", 1, metadata={"ttlInSeconds": "100"})), save(item("k", 2)), expires("k", None)],
    "a time to live of -1 takes the old one away": [
        save(item("k", 1, metadata={"ttlInSeconds": "100"})), save(item("k", 2, metadata={"ttlInSeconds": "-1"})), expires("k", None)],
    "a time to live holds in transactions": [
        transaction(upsert("k", 1, metadata={"ttlInSeconds": "100"})), expires("k", 100), transaction(upsert("k", 2)), expires("k", None)],
    "an expired entry counts as absent to first-write": [
        save(item("k", 1, metadata={"ttlInSeconds": "1"})), vanishes("k"), save(item("k", 2, concurrency="first-write")), reads("k", 2)],
    "a time to live that is no number is refused": [
        save(item("k", 1, metadata={"ttlInSeconds": "soon"}), code=FAILED), save(item("k", 1, metadata={"ttlInSeconds": "-5"}), code=FAILED),
        reads("k")],

    "a key with the separator is refused": [
        save(item("a||b", 1), code=REFUSED), lambda case: case.expect(case.client.get("a||b"), REFUSED), delete("a||b", code=REFUSED),
        transaction(upsert("a||b", 1), code=REFUSED)],
}


class Case:
    def __init__(self, client, store):
        self.client = client
        self.store = store
        self.name = uuid.uuid4().hex
        self.etags = {}

    def key(self, name):
        return f"{self.name}-{name}"

    def options(self, options):
        return options | ({"etag": self.etags[options["etag"].key]} if isinstance(options.get("etag"), Etag) else {})

    def item(self, item):
        return self.options(item) | {"key": self.key(item["key"])}

    def expect(self, outcome, code):
        assert outcome.code == code, outcome.message
        return outcome

    def read(self, key, value):
        outcome = self.expect(self.client.get(self.key(key)), OK)
        assert outcome.value == value
        assert bool(outcome.etag) == (value is not MISSING)
        self.etags[key] = outcome.etag

    def bulk_read(self, values):
        outcome = self.expect(self.client.bulk_get(*map(self.key, values)), OK)
        assert [item.message for item in outcome.items] == [self.key(name) for name in values]
        assert [item.value for item in outcome.items] == list(values.values())
        for name, item in zip(values, outcome.items):
            assert item.etag == self.client.get(self.key(name)).etag

    def compare_etag(self, key, same):
        assert (self.client.get(self.key(key)).etag == self.etags[key]) == same

    def read_expiry(self, key, seconds):
        outcome = self.expect(self.client.get(self.key(key)), OK)
        if seconds is None:
            assert "ttlExpireTime" not in outcome.metadata
        else:
            moment = datetime.fromisoformat(outcome.metadata["ttlExpireTime"])
            left = moment - datetime.now(timezone.utc)
            assert timedelta(seconds=seconds - 30) < left <= timedelta(seconds=seconds + 1)
            [bulk] = self.client.bulk_get(self.key(key)).items
            assert abs(datetime.fromisoformat(bulk.metadata["ttlExpireTime"]) - moment) < timedelta(seconds=1)


@pytest.fixture(params=STORES)
def store(request):
    return request.param


@pytest.fixture(params=["http", "grpc"])
def client(request, mecha, store):
    return (HTTPState if request.param == "http" else GRPCState)(mecha, store)


@pytest.mark.parametrize("steps", BEHAVIOUR.values(), ids=BEHAVIOUR.keys())
def test_behaviour(client, store, steps):
    case = Case(client, store)
    for step in steps:
        step(case)


def test_an_etag_of_another_form(client, store):
    case = Case(client, store)
    case.expect(client.save({"key": case.key("k"), "value": 1}), OK)
    case.expect(client.save({"key": case.key("k"), "value": 2, "etag": "bad-etag"}), BAD_ETAG[store])
    case.expect(client.delete(case.key("k"), etag="bad-etag"), BAD_ETAG[store])
    assert client.get(case.key("k")).value == 1


def test_redis_counts_versions_from_one(mecha):
    client = GRPCState(mecha, "redis")
    key = uuid.uuid4().hex
    client.save({"key": key, "value": 1})
    assert client.get(key).etag == "1"
    client.save({"key": key, "value": 1})
    assert client.get(key).etag == "2"


def test_of_two_writers_with_one_etag_one_wins(client, store):
    from concurrent.futures import ThreadPoolExecutor

    case = Case(client, store)
    key = case.key("k")
    client.save({"key": key, "value": 0})
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            etag = client.get(key).etag
            outcomes = list(pool.map(lambda i: client.save({"key": key, "value": i, "etag": etag}).code, range(8)))
            assert sorted(outcomes) == sorted([OK] + [MISMATCH] * 7)


PEOPLE = [
    {"person": {"org": "Dev Ops", "id": 1036}, "city": "Seattle", "state": "WA"},
    {"person": {"org": "Hardware", "id": 1028}, "city": "Portland", "state": "OR"},
    {"person": {"org": "Finance", "id": 1071}, "city": "Sacramento", "state": "CA"},
    {"person": {"org": "Dev Ops", "id": 1042}, "city": "Spokane", "state": "WA"},
    {"person": {"org": "Hardware", "id": 1007}, "city": "Los Angeles", "state": "CA"},
]

QUERIES = {
    "EQ": ({"filter": {"EQ": {"state": "CA"}}}, {2, 4}),
    "EQ of a nested number": ({"filter": {"EQ": {"person.id": 1036}}}, {0}),
    "NEQ": ({"filter": {"NEQ": {"state": "CA"}}}, {0, 1, 3}),
    "GT": ({"filter": {"GT": {"person.id": 1036}}}, {2, 3}),
    "GTE": ({"filter": {"GTE": {"person.id": 1036}}}, {0, 2, 3}),
    "LT": ({"filter": {"LT": {"person.id": 1028}}}, {4}),
    "LTE": ({"filter": {"LTE": {"person.id": 1028}}}, {1, 4}),
    "IN": ({"filter": {"IN": {"state": ["OR", "WA"]}}}, {0, 1, 3}),
    "AND": ({"filter": {"AND": [{"EQ": {"state": "CA"}}, {"EQ": {"person.org": "Finance"}}]}}, {2}),
    "OR of AND": ({"filter": {"OR": [
        {"EQ": {"person.org": "Finance"}},
        {"AND": [{"EQ": {"person.org": "Dev Ops"}}, {"IN": {"state": ["WA"]}}]}]}}, {0, 2, 3}),
    "no filter": ({}, {0, 1, 2, 3, 4}),
    "nothing found": ({"filter": {"EQ": {"state": "TX"}}}, set()),
}


@pytest.fixture(scope="module")
def people(tmp_path_factory, redis_server):
    """Stores that hold nothing but PEOPLE."""
    folder = tmp_path_factory.mktemp("query")
    resources = {
        "memory.yaml": component("memory", "state.in-memory"),
        "sqlite.yaml": component("sqlite", "state.sqlite", {"connectionString": str(folder / "state.db")}),
        "redis.yaml": component("redis", "state.redis", {"redisHost": redis_server.address}),
    }
    with Mecha(folder, resources=resources, app_id="people") as mecha:
        for store in QUERYABLE:
            HTTPState(mecha, store).save(*({"key": str(i), "value": person} for i, person in enumerate(PEOPLE)))
        yield mecha


@pytest.fixture(params=[(kind, store) for kind in (HTTPState, GRPCState) for store in QUERYABLE], ids=lambda p: f"{p[0].__name__}-{p[1]}")
def query(request, people):
    kind, store = request.param
    return kind(people, store).query


@pytest.mark.parametrize(["document", "expected"], QUERIES.values(), ids=QUERIES.keys())
def test_query_filters(query, document, expected):
    outcome = query(document)
    assert outcome.code == OK, outcome.message
    assert {int(item.message) for item in outcome.items} == expected
    assert all(item.value == PEOPLE[int(item.message)] and item.etag for item in outcome.items)


def test_query_sorts_and_pages(query):
    document = {"sort": [{"key": "state", "order": "DESC"}, {"key": "person.id"}], "page": {"limit": 2}}
    seen = []
    while True:
        outcome = query(document)
        assert outcome.code == OK, outcome.message
        assert len(outcome.items) <= 2
        seen += [int(item.message) for item in outcome.items]
        if not outcome.token or not outcome.items:
            break
        document["page"]["token"] = outcome.token
    assert seen == [0, 3, 1, 4, 2]


def test_query_sees_only_the_app_s_own_keys(people, tmp_path):
    outcome = HTTPState(people, "sqlite").query({"filter": {"EQ": {"city": "Seattle"}}})
    shared = component("sqlite", "state.sqlite", {"connectionString": str(people.folder / "state.db")})
    with Mecha(tmp_path, resources={"s.yaml": shared}, app_id="other") as other:
        assert len(outcome.items) == 1
        assert HTTPState(other, "sqlite").query({"filter": {"EQ": {"city": "Seattle"}}}).items == []


def test_a_store_without_queries_says_so(people):
    answer = people.request("POST", "/v1.0-alpha1/state/redis/query", json_body={})
    assert (answer.status, answer.error) == (500, "ERR_STATE_STORE_NOT_SUPPORTED")
    assert answer.json["details"][0]["reason"] == "DAPR_STATE_QUERYING_NOT_SUPPORTED"


@pytest.mark.parametrize("document", [
    {"filter": {"XOR": []}}, {"filter": []}, {"filter": {"AND": {}}}, {"sort": {}}, {"page": {"limit": "x"}}, {"page": {"token": "x"}}, [],
], ids=str)
def test_a_malformed_query_is_refused(query, document):
    assert query(document).code in (REFUSED, FAILED)


def test_entries_expire_while_nobody_looks(mecha, tmp_path):
    """SQLite removes what has expired from the file, not from sight only."""
    import sqlite3

    resources = {"s.yaml": component("store", "state.sqlite", {
        "connectionString": str(tmp_path / "state.db"), "cleanupInterval": "500ms"})}
    with Mecha(tmp_path, resources=resources) as mecha:
        HTTPState(mecha, "store").save({"key": "k", "value": 1, "metadata": {"ttlInSeconds": "1"}}, {"key": "stays", "value": 2})
        with sqlite3.connect(tmp_path / "state.db") as database:
            count = lambda: database.execute("select count(*) from state").fetchone()[0]  # noqa: E731
            assert count() == 2
            wait_until(lambda: count() == 1, "the expired row to be removed")
