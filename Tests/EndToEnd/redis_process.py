import contextlib
import subprocess

import redis
from runtime import free_port, wait_until


class RedisServer:
    """A redis-server process with a folder of its own; ``stop`` and ``start`` keep port and data."""

    def __init__(self, folder, *settings):
        self.folder = folder
        self.port = free_port()
        self.settings = settings
        self.process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def client(self):
        return redis.Redis(port=self.port, decode_responses=True)

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), *self.settings],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def answers():
            with contextlib.suppress(redis.ConnectionError):
                return self.client().ping()

        wait_until(answers, "redis-server to answer")
        return self

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
