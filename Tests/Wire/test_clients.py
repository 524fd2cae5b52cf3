"""Clients that are not ours: curl, nghttp2's nghttp and h2load, openssl."""

import shutil
import subprocess

import pytest
from probe import BINARY, Probe

MODES = {
    "http1": ["--http1.1"],
    "http1.0": ["--http1.0"],
    "upgrade": ["--http2"],
    "http2": ["--http2-prior-knowledge"],
}


def run(*command, **more):
    return subprocess.run([str(part) for part in command], capture_output=True, timeout=60, **more)


def curl(*arguments, **more):
    result = run("curl", "-sS", "--max-time", "30", *arguments, **more)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = tmp_path_factory.mktemp("bodies") / "large"
    path.write_bytes(bytes(range(256)) * 12_000)
    return path


@pytest.fixture(scope="module")
def secure(certificate):
    chain, key = certificate
    probe = Probe("--tls-chain", chain, "--tls-key", key)
    yield probe
    counters = probe.stop()
    assert counters["open"] == 0 and counters["running"] == 0, counters


@pytest.mark.parametrize("mode", MODES)
def test_curl_in_the_clear(server, large, mode):
    url, options = f"http://127.0.0.1:{server.port}", MODES[mode]
    assert curl(*options, f"{url}/hello") == b"hello"
    # curl 7.88 cannot reuse a connection with prior knowledge, whatever the server; nghttp and h2load do.
    if mode != "http2":
        assert curl(*options, f"{url}/hello-async", f"{url}/slow/5") == b"hellohello"
    assert b" 200 " in curl(*options, "--head", f"{url}/hello")
    assert curl(*options, "--data-binary", "@/dev/null", f"{url}/collect") == b"0"
    assert curl(*options, "--data-binary", f"@{large}", f"{url}/collect") == str(large.stat().st_size).encode()
    assert curl(*options, f"{url}/events/3") == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert len(curl(*options, f"{url}/bytes/100000")) == 100_000
    assert len(curl(*options, f"{url}/bytes/5000000")) == 5_000_000


@pytest.mark.parametrize("mode", ["http1", "upgrade", "http2"])
def test_curl_echoes_a_large_body(server, large, mode):
    answer = curl(*MODES[mode], "--data-binary", f"@{large}", f"http://127.0.0.1:{server.port}/echo")
    assert answer == large.read_bytes()


@pytest.mark.parametrize("mode", ["http1", "http2"])
def test_curl_streams_a_body_of_unknown_length(server, large, mode):
    with open(large, "rb") as body:
        assert curl(*MODES[mode], "-T", "-", f"http://127.0.0.1:{server.port}/collect", stdin=body) == str(large.stat().st_size).encode()


@pytest.mark.parametrize("mode", ["http1", "upgrade", "http2"])
def test_curl_over_a_unix_socket(start_probe, tmp_path, mode):
    probe = start_probe("--unix", tmp_path / "socket")
    assert (tmp_path / "socket").stat().st_mode & 0o777 == 0o600
    assert curl(*MODES[mode], "--unix-socket", probe.path, "http://a/hello") == b"hello"
    probe.stop()
    assert not (tmp_path / "socket").exists()


@pytest.mark.parametrize("mode, version", [("--http1.1", b"1.1"), ("--http2", b"2")])
def test_curl_over_tls(secure, certificate, large, mode, version):
    options = ["--cacert", certificate[0], mode]
    url = f"https://localhost:{secure.port}"
    assert curl(*options, "-w", "%{http_version}", f"{url}/hello") == b"hello" + version
    assert curl(*options, "--data-binary", f"@{large}", f"{url}/echo") == large.read_bytes()
    assert len(curl(*options, f"{url}/bytes/5000000")) == 5_000_000


def test_a_plain_client_at_a_tls_port_is_turned_away(secure):
    assert run("curl", "-sS", "--max-time", "5", f"http://127.0.0.1:{secure.port}/hello").returncode != 0


def test_old_tls_is_refused(secure):
    result = run("openssl", "s_client", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-connect", f"127.0.0.1:{secure.port}", input=b"")
    assert result.returncode != 0


def test_only_clients_with_a_certificate_of_the_roots_are_served(start_probe, certificate, tmp_path):
    chain, key = certificate
    probe = start_probe("--tls-chain", chain, "--tls-key", key, "--tls-client-roots", chain)
    url = f"https://localhost:{probe.port}/hello"
    assert run("curl", "-sS", "--max-time", "5", "--cacert", chain, url).returncode != 0
    # The same certificate serves as the client's: it chains to itself.
    assert curl("--cacert", chain, "--cert", chain, "--key", key, url) == b"hello"


def test_many_requests_of_h2load(server):
    if not shutil.which("h2load"):
        pytest.skip("h2load is not installed (nghttp2-client)")
    url = f"http://127.0.0.1:{server.port}"
    for options in (["--h1", "-c", "16", "-m", "4"], ["-c", "8", "-m", "50"]):
        for path in ("/hello", "/hello-async", "/bytes/20000"):
            output = run("h2load", *options, "-n", "2000", url + path).stdout.decode()
            assert "2000 succeeded, 0 failed, 0 errored" in output, output


def test_nghttp_upgrades_and_reuses_the_connection(server):
    if not shutil.which("nghttp"):
        pytest.skip("nghttp is not installed (nghttp2-client)")
    url = f"http://127.0.0.1:{server.port}"
    result = run("nghttp", "-u", url + "/hello", url + "/slow/20", url + "/bytes/100000")
    assert result.returncode == 0 and len(result.stdout) == 100_010, result.stderr


def test_a_port_in_use_is_named(server):
    output = run(BINARY, "--port", server.port).stdout.decode()
    assert output == f"failed port {server.port} is in use\n"


def test_a_socket_left_by_a_dead_process_is_taken_over(start_probe, tmp_path):
    path = tmp_path / "socket"
    dead = start_probe("--unix", path)
    dead.process.kill()
    dead.process.wait()
    assert path.exists()
    probe = start_probe("--unix", path)
    assert curl("--unix-socket", path, "http://a/hello") == b"hello"

    assert run(BINARY, "--unix", path).stdout.decode() == f"failed the socket {path} is in use\n"
    probe.stop()
