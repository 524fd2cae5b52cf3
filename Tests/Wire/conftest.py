"""Starts mecha-wire-probe for the tests of this folder, and checks that it ends with nothing left over."""

import subprocess

import pytest
from probe import Probe


@pytest.fixture
def start_probe():
    """Starts probes with limits of the test's choice; ends those that the test did not end."""
    probes = []

    def start(*arguments):
        probes.append(Probe(*arguments))
        return probes[-1]

    yield start
    for probe in probes:
        if probe.process.returncode is None:
            counters = probe.stop()
            assert counters["open"] == 0 and counters["running"] == 0, counters


@pytest.fixture(scope="session")
def server():
    """One probe with default limits for all tests that need nothing else."""
    probe = Probe()
    yield probe
    counters = probe.stop()
    assert counters["open"] == 0 and counters["running"] == 0, counters


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A self-signed certificate for localhost: (certificate file, key file)."""
    folder = tmp_path_factory.mktemp("tls")
    chain, key = folder / "chain.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", chain],
        check=True, capture_output=True)
    return chain, key
