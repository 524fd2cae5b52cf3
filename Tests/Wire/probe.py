"""mecha-wire-probe as a process."""

import os
import pathlib
import signal
import subprocess

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
