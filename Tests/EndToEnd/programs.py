"""Programs that the tests of the command line start: their output can be waited for."""

import os
import signal
import subprocess
import threading
import time

from runtime import PATIENCE_SECONDS


class Program:
    """A running program whose output can be waited for."""

    def __init__(self, arguments, env, cwd=None, stdin=None):
        self.process = subprocess.Popen(
            arguments, env=env, cwd=cwd, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1, errors="replace")
        if stdin:
            self.process.stdin.write(stdin)
            self.process.stdin.close()
        self.changed = threading.Condition()
        self.out, self.err = [], []
        self.readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err))]
        for reader in self.readers:
            reader.start()

    def _read(self, stream, lines):
        for line in stream:
            with self.changed:
                lines.append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    @property
    def pid(self):
        return self.process.pid

    @property
    def text(self):
        return "\n".join(self.out + self.err)

    def wait_for(self, part, count=1):
        """The first line that contains `part`, once `count` lines do."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self.changed:
            while True:
                found = [line for line in self.out + self.err if part in line]
                if len(found) >= count:
                    return found[0]
                left = deadline - time.monotonic()
                ended = self.process.poll() is not None and not any(r.is_alive() for r in self.readers)
                assert left > 0 and not ended, f"never printed {part!r} (exit code {self.process.poll()}):\n{self.text}"
                self.changed.wait(min(left, 0.2))

    def end(self, with_signal=signal.SIGTERM):
        """Sends a signal and returns the exit code."""
        self.process.send_signal(with_signal)
        return self.wait()

    def wait(self):
        code = self.process.wait(PATIENCE_SECONDS)
        for reader in self.readers:
            reader.join(PATIENCE_SECONDS)
        return code


class Command:
    """The binary under one of its names, with a home of its own."""

    def __init__(self, path, home):
        self.path = path
        self.home = home
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("DAPR_", "MECHA_", "APP_"))}
        self.env.pop("NAMESPACE", None)
        self.env["HOME"] = str(home)
        self.started = []

    def start(self, *arguments, env=None, cwd=None, stdin=None):
        program = Program([str(self.path), *map(str, arguments)], {**self.env, **(env or {})}, cwd or self.home, stdin)
        self.started.append(program)
        return program

    def call(self, *arguments, env=None, cwd=None, stdin=None):
        return subprocess.run(
            [str(self.path), *map(str, arguments)], env={**self.env, **(env or {})}, cwd=cwd or self.home,
            input=stdin, capture_output=True, text=True, timeout=PATIENCE_SECONDS)

    def close(self):
        for program in self.started:
            if program.process.poll() is None:
                program.process.kill()
                program.process.wait()
