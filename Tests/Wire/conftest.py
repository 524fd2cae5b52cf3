"""Starts mecha-wire-probe for the tests of this folder, and checks that it ends with nothing left over."""

import os
import pathlib
import signal
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("MECHA_WIRE_PROBE", ROOT / ".build/debug/mecha-wire-probe"))


class Probe:
    """A running probe; `port` for TCP, `path` for a Unix socket."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([BINARY, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().split(maxsplit=1)
        assert line and line[0] == "ready", f"the probe did not start: {line}"
        address = line[1].strip()
        self.port = int(address) if address.isdigit() else None
        self.path = None if self.port else address

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """Ends the probe; returns its counters, e.g. {"open": 0, "running": 0, "resets": 1}."""
        if self.process.poll() is None:
            self.terminate()
        output, _ = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, f"the probe ended with {self.process.returncode}: {output}"
        last = output.strip().splitlines()[-1]
        assert last.startswith("drained "), output
        return {name: int(value) for name, value in (pair.split("=") for pair in last.split()[1:])}


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
