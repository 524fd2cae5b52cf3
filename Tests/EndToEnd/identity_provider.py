"""An OpenID Connect provider of the tests' own: discovery, keys, login and tokens over HTTP, signed by pyjwt."""

import base64
import json
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from served import Served


class Provider(Served):
    """Counts what it is asked; its keys can be replaced while it runs."""

    def __init__(self):
        class Server(ThreadingHTTPServer):
            daemon_threads = True

        self.asked = []
        self.forms = []
        self.keys = {}
        self.codes = {}
        self.basic_only = False
        self.form_only = False
        self.is_down = False
        self.lifetime = 3600
        self.token_number = 0
        super().__init__(Server(("127.0.0.1", 0), _handler(self)))
        self.issuer = f"http://127.0.0.1:{self.port}/realm"

    def add_key(self, name, algorithm):
        private = {
            "RS": lambda: rsa.generate_private_key(65537, 2048),
            "PS": lambda: rsa.generate_private_key(65537, 2048),
            "ES": lambda: ec.generate_private_key(
                {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}[algorithm]()),
            "Ed": ed25519.Ed25519PrivateKey.generate,
        }[algorithm[:2]]()
        self.keys[name] = (algorithm, private)

    @property
    def jwks(self):
        keys = []
        for name, (algorithm, private) in self.keys.items():
            document = json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(private.public_key()))
            document.pop("key_ops", None)
            keys.append(document | {"kid": name, "use": "sig", "alg": algorithm})
        return {"keys": keys}

    def token(self, key, headers=None, **claims):
        algorithm, private = self.keys[key]
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "shop", "exp": now + 600, "iat": now, "sub": "somebody"} | claims
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, private, algorithm, headers={"kid": key} if headers is None else headers)

    def count(self, path):
        return self.asked.count(path)


def _handler(provider):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status, document):
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            provider.asked.append(self.path)
            if provider.is_down:
                return self.answer(503, {})
            if self.path == "/realm/.well-known/openid-configuration":
                return self.answer(200, {"issuer": provider.issuer, "jwks_uri": provider.issuer + "/keys"})
            if self.path == "/realm/keys":
                return self.answer(200, provider.jwks)
            return self.answer(404, {})

        def do_POST(self):
            provider.asked.append(self.path)
            form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
            basic = self.headers.get("authorization", "")
            provider.forms.append((form, basic))
            if basic.startswith("Basic "):
                user, secret = base64.b64decode(basic[6:]).decode().split(":")
                client = (urllib.parse.unquote(user), urllib.parse.unquote(secret))
            else:
                client = (form.get("client_id"), form.get("client_secret"))
            refused = (provider.form_only and basic) or (provider.basic_only and not basic)
            if provider.is_down or refused or client != ("runtime", "se:cret"):
                return self.answer(401, {"error": "invalid_client"})
            if form["grant_type"] == "authorization_code" and provider.codes.pop(form["code"], None) != form["redirect_uri"]:
                return self.answer(400, {"error": "invalid_grant"})
            provider.token_number += 1
            self.answer(200, {
                "access_token": f"token-{provider.token_number}", "token_type": "bearer", "expires_in": provider.lifetime})

        def log_message(self, *_):
            pass

    return Handler
