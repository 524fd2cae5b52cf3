"""A real registry (Debian's docker-registry) on loopback, with the ways to get in that registries have."""

import base64
import datetime
import hashlib
import http.server
import json
import subprocess
import threading
import urllib.parse

import jwt
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from runtime import free_port, wait_until


def certificate(folder):
    """A key and a certificate for localhost that signs itself; their paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    built = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True).sign(key, hashes.SHA256()))
    (folder / "key.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()))
    (folder / "cert.pem").write_bytes(built.public_bytes(serialization.Encoding.PEM))
    return folder / "key.pem", folder / "cert.pem"


class TokenServer:
    """Gives tokens to who has the password, as registries' own services do."""

    def __init__(self, key, password):
        self.scopes = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                query = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(self.path).query))
                wanted = "Basic " + base64.b64encode(password.encode()).decode()
                if self.headers.get("authorization") != wanted:
                    self.send_response(401)
                    self.end_headers()
                    return
                outer.scopes.append(query["scope"])
                kind, name, actions = query["scope"].split(":")
                now = datetime.datetime.now(datetime.timezone.utc)
                token = jwt.encode(
                    {
                        "iss": "issuer", "sub": "me", "aud": query["service"], "nbf": now - datetime.timedelta(minutes=1),
                        "iat": now, "exp": now + datetime.timedelta(minutes=5), "jti": "1",
                        "access": [{"type": kind, "name": name, "actions": actions.split(",")}],
                    }, key.read_text(), "ES256", headers={"kid": outer.kid})
                body = json.dumps({"token": token}).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        public = serialization.load_pem_private_key(key.read_bytes(), None).public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        text = base64.b32encode(hashlib.sha256(public).digest()[:30]).decode()
        self.kid = ":".join(text[i:i + 4] for i in range(0, len(text), 4))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/token"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Registry:
    """``access``: None, "basic" or "token"; ``tls`` with a certificate for localhost."""

    password = "me:secret:with:colons"
    # What follows the first colon, by bcrypt, which is what the registry knows.
    password_hash = "$2b$04$ohUPU6UCE2UDSFnr1cK6F.p4Znq8GMo.IOT6wvrHPrdYtCmxtZiLm"

    def __init__(self, folder, access=None, tls=False):
        self.folder = folder
        folder.mkdir()
        self.port = free_port()
        self.tls = tls
        self.tokens = None
        lines = ["version: 0.1", f"storage: {{filesystem: {{rootdirectory: {folder}/data}}}}", "log: {level: error}", "http:",
                 f"  addr: 127.0.0.1:{self.port}"]
        key, self.certificate = certificate(folder)
        if tls:
            lines += [f"  tls: {{certificate: {self.certificate}, key: {key}}}"]
        if access == "basic":
            (folder / "htpasswd").write_text(f"me:{self.password_hash}\n")
            lines += ["auth:", f"  htpasswd: {{realm: here, path: {folder}/htpasswd}}"]
        if access == "token":
            self.tokens = TokenServer(key, self.password)
            lines += ["auth:", f"  token: {{realm: '{self.tokens.url}', service: here, issuer: issuer, rootcertbundle: {self.certificate}}}"]
        (folder / "config.yml").write_text("\n".join(lines) + "\n")
        self.process = None

    @property
    def address(self):
        return f"{'localhost' if self.tls else '127.0.0.1'}:{self.port}"

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{self.address}"

    def log_in(self, home):
        """Docker's configuration in a home folder."""
        (home / ".docker").mkdir(exist_ok=True)
        auth = base64.b64encode(self.password.encode()).decode()
        (home / ".docker/config.json").write_text(json.dumps({"auths": {self.address: {"auth": auth}}}))

    def trust(self, home):
        folder = home / ".docker/certs.d" / self.address
        folder.mkdir(parents=True)
        (folder / "ca.crt").write_bytes(self.certificate.read_bytes())

    def start(self):
        self.process = subprocess.Popen(
            ["docker-registry", "serve", str(self.folder / "config.yml")],
            stdout=open(self.folder / "log", "ab"), stderr=subprocess.STDOUT)

        def answers():
            try:
                return requests.get(self.url + "/v2/", verify=False, timeout=2).status_code in (200, 401)
            except requests.exceptions.ConnectionError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                return False

        wait_until(answers, "the registry to answer")
        return self

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        if self.tokens is not None:
            self.tokens.stop()
            self.tokens = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # What a client of another make would put there.

    def put_blob(self, repository, data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        begun = requests.post(f"{self.url}/v2/{repository}/blobs/uploads/")
        location = begun.headers["location"]
        mark = "&" if "?" in location else "?"
        assert requests.put(f"{location}{mark}digest={digest}", data=data).status_code == 201
        return {"digest": digest, "size": len(data)}

    def put_manifest(self, repository, tag, document, kind):
        data = json.dumps(document).encode()
        answer = requests.put(f"{self.url}/v2/{repository}/manifests/{tag}", data=data, headers={"content-type": kind})
        assert answer.status_code == 201, answer.text
        return {"mediaType": kind, "digest": "sha256:" + hashlib.sha256(data).hexdigest(), "size": len(data)}
