"""HTTP pipelines over real runtimes, apps and an OpenID Connect provider (section 8 of the Dapr surface)."""

import json
import pathlib
import re
import time
import urllib.parse

import grpc
import jwt
import pytest
from apps import HTTPApp
from dapr.proto import api_v1, common_v1
from identity_provider import Provider
from runtime import Mecha, component, wait_until

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


def pipelines(api=(), app=()):
    """The text of a Configuration whose pipelines name components called like their types."""
    def handlers(names):
        return {"handlers": [
            {"name": name, "type": f"middleware.http.{kind}"} for name, kind in (n if isinstance(n, tuple) else (n, n) for n in names)]}
    return json.dumps({
        "apiVersion": "dapr.io/v1alpha1", "kind": "Configuration", "metadata": {"name": "pipelines"},
        "spec": {"httpPipeline": handlers(api), "appHttpPipeline": handlers(app)}})


def step(kind, name=None, **metadata):
    return component(name or kind, f"middleware.http.{kind}", metadata)


def echo(handler):
    """What came, as JSON."""
    return 200, json.dumps({
        "path": handler.path, "body": handler.body.decode("latin-1"),
        "headers": {k.lower(): v for k, v in handler.headers.items()}}).encode(), {"content-type": "application/json"}


@pytest.fixture
def provider():
    with Provider() as provider:
        for algorithm in ALGORITHMS:
            provider.add_key(f"key-{algorithm}", algorithm)
        yield provider


@pytest.fixture
def app():
    with HTTPApp(echo=echo) as app:
        yield app


def bearer(token):
    return {"authorization": f"Bearer {token}"}


def call(mecha, headers=None, path="echo", body=b"payload", app_id="app"):
    return mecha.request("POST", f"/v1.0/invoke/{app_id}/method/{path}", body=body, headers=headers or {})


# bearer


def test_bearer_lets_in_who_brings_a_token_of_the_issuer(tmp_path, provider, app):
    resources = {"b.yaml": step("bearer", issuer=provider.issuer, audience="shop", clockSkew="30s")}
    with Mecha(tmp_path, "--app-port", str(app.port), resources=resources, config=pipelines(["bearer"]), ready_status=401) as mecha:
        for algorithm in ALGORITHMS:
            token = provider.token(f"key-{algorithm}")
            answer = call(mecha, bearer(token))
            assert answer.status == 200, algorithm
            # The token goes on to whom the request is for.
            assert answer.json["headers"]["authorization"] == f"Bearer {token}"
            assert answer.json["body"] == "payload"
        # Without a key's name, every key is tried.
        assert call(mecha, bearer(provider.token("key-ES384", headers={}))).status == 200
        assert call(mecha, {"authorization": "bEARER " + provider.token("key-EdDSA")}).status == 200
        assert mecha.request("GET", "/v1.0/metadata", headers=bearer(provider.token("key-RS256"))).status == 200
        assert provider.count("/realm/keys") == 1

        now = int(time.time())
        good = provider.token("key-RS256")
        stranger = Provider()
        stranger.add_key("key-RS256", "RS256")
        with stranger:
            forged = stranger.token("key-RS256", iss=provider.issuer)
        secret = provider.jwks["keys"][0]["n"]
        refused = {
            "nothing": {}, "basic": {"authorization": "Basic YTpi"}, "an empty token": {"authorization": "Bearer "},
            "no token": bearer("abc"), "a cut token": bearer(good[:-4]), "another signer": bearer(forged),
            "no signature": bearer(jwt.encode(jwt.decode(good, options={"verify_signature": False}), None, "none")),
            "a public key as a secret": bearer(jwt.encode({"iss": provider.issuer, "aud": "shop", "exp": now + 60}, secret, "HS256")),
            "expired": bearer(provider.token("key-RS256", exp=now - 60)), "no expiry": bearer(provider.token("key-RS256", exp=None)),
            "too early": bearer(provider.token("key-RS256", nbf=now + 600)),
            "another audience": bearer(provider.token("key-RS256", aud="bank")),
            "another issuer": bearer(provider.token("key-RS256", iss="http://elsewhere")),
        }
        for what, headers in refused.items():
            for answer in (call(mecha, headers), mecha.request("GET", "/v1.0/healthz", headers=headers)):
                assert answer.status == 401, what
                assert answer.headers["www-authenticate"].startswith("Bearer"), what
                assert ("invalid_token" in answer.headers["www-authenticate"]) == (what not in ("nothing", "basic", "an empty token"))
        # Forwarded calls only: nothing refused has reached the app.
        assert len([seen for seen in app.seen if seen[1] == "/echo"]) == len(ALGORITHMS) + 2
        # gRPC is not HTTP's pipeline.
        message = common_v1.InvokeRequest(method="echo", http_extension=common_v1.HTTPExtension(verb="POST"))
        mecha.stub.InvokeService(api_v1.InvokeServiceRequest(id="app", message=message))


def test_bearer_learns_new_keys_and_survives_an_issuer_that_is_away(tmp_path, provider, app):
    provider.is_down = True
    resources = {"b.yaml": step("bearer", issuer=provider.issuer, audience="shop", jwksURL=provider.issuer + "/keys")}
    with Mecha(tmp_path, "--app-port", str(app.port), resources=resources, config=pipelines(["bearer"]), ready_status=401) as mecha:
        token = provider.token("key-ES256")
        assert call(mecha, bearer(token)).status == 503
        provider.is_down = False
        wait_until(lambda: call(mecha, bearer(token)).status == 200, "the keys are fetched", pause=0.5)
        asked = provider.count("/realm/keys")
        provider.add_key("new", "EdDSA")
        # Tokens of unknown keys cannot make the runtime ask at once and always.
        for _ in range(20):
            call(mecha, bearer(provider.token("key-ES256", headers={"kid": "unknown"})))
        assert provider.count("/realm/keys") <= asked + 1
        wait_until(lambda: call(mecha, bearer(provider.token("new"))).status == 200, "the new key is known", pause=0.5)
        assert provider.count("/realm/.well-known/openid-configuration") == 0


# order, places, reload


def test_steps_keep_their_order_and_the_pipeline_its_place(tmp_path, app):
    resources = {
        "alias.yaml": step("routeralias", routes=json.dumps({"/greet/{name}": "/v1.0/invoke/app/method/echo"})),
        "check.yaml": step("routerchecker", rule="^/v1\\.0/"),
        "upper.yaml": step("uppercase"), "both.yaml": step("uppercase", "loud", direction="both")}
    with Mecha(
        tmp_path, "--app-port", str(app.port), resources=resources, env={"DAPR_API_TOKEN": "secret"},
        config=pipelines(["routeralias", "routerchecker", "uppercase"]),
    ) as mecha:
        token = {"dapr-api-token": "secret"}
        answer = mecha.request("POST", "/greet/you?x=1", body="grüße".encode(), headers=token)
        assert answer.status == 200
        assert answer.json["path"] == "/echo?x=1&name=you"
        assert answer.json["body"].encode("latin-1").decode() == "GRÜßE"
        answer = mecha.request("POST", "/elsewhere", headers=token)
        assert (answer.status, answer.text) == (400, "invalid router")
        # The token comes before.
        assert mecha.request("POST", "/elsewhere").status == 401
        # Metrics know what was refused, and where.
        assert any(("status", "400") in labels for name, labels in mecha.metrics() if name == "dapr_http_server_request_count")

        # The other way round: the check sees what has no alias yet.
        mecha.write_config(pipelines(["routerchecker", "routeralias"]))
        wait_until(lambda: mecha.request("POST", "/greet/you", headers=token).status == 400, "the order is new")
        # A pipeline with a mistake changes nothing.
        mecha.write_config(pipelines([("routerchecker", "ratelimit")]))
        wait_until(lambda: "names routerchecker as middleware.http.ratelimit" in mecha.log, "the mistake is told")
        mecha.write_config(pipelines(["missing"]))
        wait_until(lambda: "names the component missing" in mecha.log, "the mistake is told")
        assert mecha.request("POST", "/greet/you", headers=token).status == 400
        # A component that changes takes its place.
        mecha.write("check.yaml", step("routerchecker", rule="."))
        mecha.write_config(pipelines(["routerchecker", "routeralias", ("loud", "uppercase")]))
        answer = wait_until(
            lambda: (a := mecha.request("POST", "/greet/you", body=b"x", headers=token)).status == 200 and a, "the new rule holds")
        assert '"BODY": "X"' in answer.text
        mecha.write_config(pipelines())
        wait_until(lambda: mecha.request("POST", "/greet/you", headers=token).status == 404, "there is no pipeline any more")


def test_streams_are_transformed_as_they_pass(tmp_path, app):
    resources = {"u.yaml": step("uppercase", direction="both")}
    text = "ärger und größe " * 20_000
    bodies = []
    # The app answers in small letters, so that both directions show.
    app.routes["raw"] = lambda handler: bodies.append(handler.body) or (200, handler.body.decode().lower().encode())
    pieces = [text.encode()[i:i + 777] for i in range(0, len(text.encode()), 777)]
    for config in (pipelines(["uppercase"]), pipelines(app=["uppercase"])):
        with Mecha(tmp_path / str(len(app.seen)), "--app-port", str(app.port), resources=resources, config=config) as mecha:
            answer = mecha.request("POST", "/v1.0/invoke/app/method/raw", body=iter(pieces))
            assert (answer.status, answer.text) == (200, "ÄRGER UND GRÖßE " * 20_000)
            assert bodies.pop() == answer.body
            answer = mecha.request("POST", "/v1.0/invoke/app/method/raw", body=b"short")
            assert (answer.text, bodies.pop()) == ("SHORT", b"SHORT")
            assert mecha.request("POST", "/v1.0/invoke/app/method/raw", body=b"").body == b""


def test_pipelines_of_components_without_a_configuration(tmp_path, app):
    resources = {
        "a.yaml": step("routerchecker", pipelineType="httpPipeline", priority="2", rule="^/v1"),
        "b.yaml": step("routeralias", pipelineType="httpPipeline", priority="1", routes="/hi: /v1.0/invoke/app/method/echo"),
        "c.yaml": step("uppercase", pipelineType="appHttpPipeline", priority="1")}
    with Mecha(tmp_path, "--app-port", str(app.port), resources=resources) as mecha:
        assert mecha.request("POST", "/hi", body=b"x").json["body"] == "X"
        assert mecha.request("POST", "/hu", body=b"x").status == 400


@pytest.mark.parametrize(("config", "resources", "words"), [
    (pipelines(["bearer"]), {}, "spec.httpPipeline.handlers[0] names the component bearer, which is not loaded"),
    (pipelines([], ["opa"]), {"o.yaml": step("opa", rego="x")}, "spec.appHttpPipeline.handlers[0] names the component opa"),
    (pipelines([("store", "bearer")]), {"s.yaml": component("store", "state.in-memory")}, "but it is a state.in-memory"),
    (pipelines(["routerchecker"]), {"r.yaml": step("routerchecker", rule="(")}, "\"rule\" is no regular expression"),
    (None, {"r.yaml": step("uppercase", pipelineType="httpPipeline")}, "takes part in httpPipeline without a priority"),
])
def test_a_pipeline_that_cannot_be_made_stops_the_start(tmp_path, config, resources, words):
    mecha = Mecha(tmp_path, resources=resources, config=config)
    with pytest.raises(AssertionError):
        mecha.start()
    mecha.stop()
    assert words in mecha.log


def test_a_step_that_failed_lets_nothing_through(tmp_path):
    broken = component("routerchecker", "middleware.http.routerchecker", {"rule": "("}).replace("spec:", "spec:\n  ignoreErrors: true", 1)
    with Mecha(tmp_path, resources={"r.yaml": broken}, config=pipelines(["routerchecker"]), ready_status=503) as mecha:
        answer = mecha.request("GET", "/v1.0/metadata")
        assert (answer.status, answer.text) == (503, "the middleware routerchecker is not loaded")


# appHttpPipeline


def test_the_app_pipeline_holds_for_every_way_to_the_app(tmp_path, app):
    with HTTPApp(echo=echo) as outside:
        endpoint = json.dumps({
            "apiVersion": "dapr.io/v1alpha1", "kind": "HTTPEndpoint", "metadata": {"name": "outside"},
            "spec": {"baseUrl": f"http://127.0.0.1:{outside.port}"}})
        subscription = json.dumps({
            "apiVersion": "dapr.io/v2alpha1", "kind": "Subscription", "metadata": {"name": "sub"},
            "spec": {"pubsubname": "bus", "topic": "t", "routes": {"default": "/event"}}})
        resources = {
            "u.yaml": step("uppercase"), "c.yaml": step("routerchecker", rule="^/(echo|event|tick|dapr/)"),
            "bus.yaml": component("bus", "pubsub.in-memory"), "sub.yaml": subscription, "outside.yaml": endpoint,
            "tick.yaml": component("tick", "bindings.cron", {"schedule": "@every 1s", "direction": "input"})}
        bodies = []
        app.routes["dapr"] = lambda handler: (404, b"")
        app.routes["event"] = lambda handler: bodies.append(handler.body) or (200, b"")
        app.routes["tick"] = lambda handler: (200, b"")
        with Mecha(
            tmp_path, "--app-port", str(app.port), resources=resources, config=pipelines(app=["routerchecker", "uppercase"]),
        ) as mecha:
            assert call(mecha, body=b"payload").json["body"] == "PAYLOAD"
            answer = call(mecha, path="secret")
            assert (answer.status, answer.text) == (400, "invalid router")
            assert call(mecha, app_id="outside").json["body"] == "PAYLOAD"
            assert call(mecha, path="secret", app_id="outside").status == 400
            # Calls in memory.
            def invoke(method):
                message = common_v1.InvokeRequest(method=method, http_extension=common_v1.HTTPExtension(verb="POST"))
                message.data.value = b"payload"
                return json.loads(mecha.stub.InvokeService(api_v1.InvokeServiceRequest(id="app", message=message)).data.value)
            assert invoke("echo")["body"] == "PAYLOAD"
            with pytest.raises(grpc.RpcError) as failure:
                invoke("secret")
            assert failure.value.details() == "Bad Request"
            # Events and bindings.
            mecha.request("POST", "/v1.0/publish/bus/t", json_body={"order": "seven"})
            wait_until(lambda: bodies, "the event is delivered")
            assert b'"DATA":{"ORDER": "SEVEN"}' in bodies[0]
            wait_until(lambda: any(path == "/tick" for _, path, _ in app.seen), "the binding is triggered")
            assert not any(path == "/secret" for _, path, _ in app.seen + outside.seen)


def test_policies_judge_what_the_app_pipeline_answers(tmp_path, app):
    resiliency = json.dumps({
        "apiVersion": "dapr.io/v1alpha1", "kind": "Resiliency", "metadata": {"name": "r"},
        "spec": {
            "policies": {"retries": {"again": {
                "policy": "constant", "duration": "1100ms", "maxRetries": 3, "matching": {"httpStatusCodes": "429"}}}},
            "targets": {"apps": {"app": {"retry": "again"}}}}})
    resources = {"l.yaml": step("ratelimit", maxRequestsPerSecond="1"), "u.yaml": step("uppercase"), "r.yaml": resiliency}
    with Mecha(
        tmp_path, "--app-port", str(app.port), resources=resources, config=pipelines(app=["ratelimit", "uppercase"])) as mecha:
        # The second call waits for its turn, and each attempt sends the body from its begin.
        for _ in range(2):
            answer = call(mecha, body=b"payload")
            assert (answer.status, answer.json["body"]) == (200, "PAYLOAD")
            assert answer.headers["x-rate-limit-limit"] == "1.00"


# ratelimit


def test_ratelimit_refuses_in_time(tmp_path, app):
    with Mecha(
        tmp_path, "--app-port", str(app.port), resources={"l.yaml": step("ratelimit", maxRequestsPerSecond="5")},
        config=pipelines(["ratelimit"])) as mecha:
        statuses = [mecha.request("GET", "/v1.0/metadata").status for _ in range(12)]
        assert statuses[:5] == [200] * 5
        assert 429 in statuses
        answer = wait_until(
            lambda: (a := mecha.request("GET", "/v1.0/metadata")).status == 429 and a, "the limit is reached", pause=0)
        assert answer.headers["retry-after"] == "1"
        wait_until(lambda: mecha.request("GET", "/v1.0/metadata").status == 200, "a second brings more", pause=0.3)


# oauth2clientcredentials


@pytest.mark.parametrize("style", ["auto-basic", "auto-form", "form", "basic"])
def test_client_credentials_give_requests_a_token(tmp_path, provider, app, style):
    provider.form_only = style in ("auto-form", "form")
    provider.basic_only = style in ("auto-basic", "basic")
    metadata = {
        "clientID": "runtime", "clientSecret": "se:cret", "scopes": "read,write", "tokenURL": provider.issuer + "/token",
        "headerName": "authorization", "endpointParamsQuery": "resource=a%20b", "pathFilter": "^/echo",
        "authStyle": {"form": "1", "basic": "2"}.get(style, "0")}
    with Mecha(
        tmp_path, "--app-port", str(app.port), resources={"o.yaml": step("oauth2clientcredentials", "cc", **metadata)},
        config=pipelines(app=[("cc", "oauth2clientcredentials")])) as mecha:
        for _ in range(3):
            assert call(mecha, {"authorization": "mine"}).json["headers"]["authorization"] == "Bearer token-1"
        form, basic = provider.forms[-1]
        assert form["grant_type"] == "client_credentials"
        assert form["scope"] == "read write"
        assert form["resource"] == "a b"
        assert bool(basic) == provider.basic_only
        assert len(provider.forms) == (2 if style == "auto-form" else 1)
        assert call(mecha, path="other").status == 200
        assert "authorization" not in app.seen[-1][2]


def test_client_credentials_are_renewed_and_their_lack_told(tmp_path, provider, app):
    provider.lifetime = 1
    metadata = {
        "clientID": "runtime", "clientSecret": "se:cret", "scopes": "all", "tokenURL": provider.issuer + "/token", "headerName": "x-token"}
    with Mecha(
        tmp_path, "--app-port", str(app.port), resources={"o.yaml": step("oauth2clientcredentials", "cc", **metadata)},
        config=pipelines(app=[("cc", "oauth2clientcredentials")])) as mecha:
        assert call(mecha).json["headers"]["x-token"] == "Bearer token-1"
        wait_until(lambda: call(mecha).json["headers"]["x-token"] != "Bearer token-1", "the token is renewed")
        provider.is_down = True
        answer = wait_until(lambda: (a := call(mecha)).status != 200 and a, "there is no token any more")
        assert answer.status == 502
        assert "se:cret" not in answer.text + mecha.log
        provider.is_down = False
        assert call(mecha).status == 200


# oauth2


def test_oauth2_has_people_log_in_and_passes_their_token_on(tmp_path, provider, app):
    metadata = {
        "clientID": "runtime", "clientSecret": "se:cret", "scopes": "openid,email", "authURL": "http://provider.example/login?tenant=1",
        "tokenURL": provider.issuer + "/token", "redirectURL": "http://localhost/v1.0/invoke/app/method/back",
        "authHeaderName": "x-user-token", "tokenEncryptionKey": "a key", "pathFilter": "/echo|/back"}
    resources = {"o.yaml": step("oauth2", **metadata)}
    with Mecha(
        tmp_path / "a", "--app-port", str(app.port), resources=resources, config=pipelines(["oauth2"])) as mecha:
        def get(path, cookie=None):
            return mecha.request("GET", path, headers={"cookie": f"other=1; {cookie}"} if cookie else {})

        def login():
            answer = get("/v1.0/invoke/app/method/echo?a=b")
            assert answer.status == 302
            location = urllib.parse.urlsplit(answer.headers["location"])
            query = dict(urllib.parse.parse_qsl(location.query))
            assert location.netloc == "provider.example"
            assert query | {"state": ""} == {
                "tenant": "1", "access_type": "offline", "client_id": "runtime", "response_type": "code", "scope": "openid email",
                "redirect_uri": metadata["redirectURL"], "state": ""}
            cookie = answer.headers["set-cookie"]
            assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
            assert query["state"] not in cookie
            return query["state"], cookie.split(";")[0]

        state, cookie = login()
        provider.codes["good"] = metadata["redirectURL"]
        back = "/v1.0/invoke/app/method/back"
        assert get(f"{back}?code=good&state=wrong", cookie).status == 400
        assert get(f"{back}?state={state}", cookie).status == 400
        # Without the cookie, or with another login's, the state is nobody's.
        assert get(f"{back}?code=good&state={state}").status == 302
        assert get(f"{back}?code=good&state={state}", login()[1]).status == 400
        assert get(f"{back}?code=bad&state={state}", cookie).status == 500
        assert app.seen == []
        answer = get(f"{back}?code=good&state={state}", cookie)
        assert (answer.status, answer.headers["location"]) == (302, "/v1.0/invoke/app/method/echo?a=b")
        session = answer.headers["set-cookie"].split(";")[0]
        assert "token-1" not in session
        answer = get(answer.headers["location"], session)
        assert answer.status == 200
        assert answer.json["headers"]["x-user-token"] == "Bearer token-1"
        assert get("/v1.0/invoke/app/method/open").status == 200
        assert get("/v1.0/invoke/app/method/echo", session[:-2]).status == 302
        assert "se:cret" not in mecha.log
    # Another process with the same key knows the session.
    with Mecha(
        tmp_path / "b", "--app-port", str(app.port), resources=resources, config=pipelines(["oauth2"])) as mecha:
        answer = mecha.request("GET", "/v1.0/invoke/app/method/echo", headers={"cookie": session})
        assert answer.json["headers"]["x-user-token"] == "Bearer token-1"
        # A target that would lead elsewhere leads nowhere else.
        answer = mecha.request("GET", "//evil.example/echo")
        assert answer.status == 302
        state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["location"]).query))["state"]
        provider.codes["again"] = metadata["redirectURL"]
        answer = mecha.request(
            "GET", f"/v1.0/invoke/app/method/back?code=again&state={state}", headers={"cookie": answer.headers["set-cookie"].split(";")[0]})
        assert answer.headers["location"] == "/evil.example/echo"


# docs/middleware.md


def printed():
    """The YAML of the page, block by block."""
    page = pathlib.Path(__file__).parents[2] / "docs" / "middleware.md"
    return re.findall(r"```yaml\n(.*?)```", page.read_text(), re.S)


def test_the_example_of_the_page_does_what_the_page_says(tmp_path):
    example = printed()[0]
    with HTTPApp(orders=echo) as app, Mecha(
        tmp_path, "--app-port", str(app.port), app_id="shop", resources={"pipeline.yaml": example}) as mecha:
        # The alias: a path of one's own for a path of the API; what the placeholder takes becomes a query.
        answer = mecha.request("GET", "/orders/17")
        assert answer.status == 200 and answer.json["path"] == "/orders?id=17", answer
        assert mecha.request("GET", "/v1.0/invoke/shop/method/orders").json["path"] == "/orders"
        # Five a second of each client to each path.
        statuses = [mecha.request("GET", "/orders/17").status for _ in range(20)]
        assert 429 in statuses and 200 in statuses, statuses


def test_the_bearer_of_the_page_lets_tokens_in(tmp_path, provider, app):
    login = printed()[1]
    config = pipelines([("login", "bearer")])
    # As printed, its issuer is out of reach: nothing is let through.
    with Mecha(
        tmp_path / "printed", "--app-port", str(app.port), resources={"login.yaml": login}, config=config, ready_status=401) as mecha:
        assert call(mecha, bearer(provider.token("key-RS256", iss="https://login.example.com/realm"))).status == 503
    own = login.replace("https://login.example.com/realm", provider.issuer)
    assert own != login
    with Mecha(
        tmp_path / "own", "--app-port", str(app.port), resources={"login.yaml": own}, config=config, ready_status=401) as mecha:
        assert call(mecha).status == 401
        assert call(mecha, bearer(provider.token("key-RS256"))).status == 200
