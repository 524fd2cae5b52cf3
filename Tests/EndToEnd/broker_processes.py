"""Brokers as processes of their own: ``stop`` (as a crash would) and ``start`` keep port and data."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_accepting(process, port, seconds):
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        assert process.poll() is None, f"{process.args[0]} ended with {process.returncode}"
        assert time.monotonic() < deadline, f"{process.args[0]} does not accept connections"
        time.sleep(0.05)


class BrokerProcess:
    program = None
    start_seconds = 20

    def __init__(self, folder, port=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or _free_port()
        self.process = None

    @classmethod
    def is_installed(cls):
        return shutil.which(cls.program, path=PATH) is not None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return os.environ | {"PATH": PATH}

    def start(self):
        with open(self.folder / "output", "ab") as output:
            self.process = subprocess.Popen(
                [str(part) for part in self.command()], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                cwd=self.folder, env=self.environment())
        try:
            _wait_until_accepting(self.process, self.port, self.start_seconds)
        except BaseException:
            # Whoever gave up waiting would not know of the process.
            self.close()
            raise
        return self

    def stop(self, with_signal=signal.SIGKILL):
        if self.process is not None:
            self.process.send_signal(with_signal)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def close(self):
        self.stop()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()


class Redis(BrokerProcess):
    program = "redis-server"

    def command(self):
        return [
            self.program, "--port", self.port, "--bind", "127.0.0.1", "--dir", self.folder, "--save", "", "--appendonly", "yes",
            "--appendfsync", "always"]


class NATS(BrokerProcess):
    program = "nats-server"

    def command(self):
        return [self.program, "-a", "127.0.0.1", "-p", self.port, "-js", "-sd", self.folder / "store"]


class Mosquitto(BrokerProcess):
    program = "mosquitto"

    def command(self):
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {self.folder}/\n"
            "autosave_interval 1\nautosave_on_changes true\nmax_queued_messages 0\n"
            # Started by root it would become another user, who may not read the folder.
            "user root\n")
        return [self.program, "-c", self.folder / "mosquitto.conf"]


class RabbitMQ(BrokerProcess):
    """User guest, password guest. It takes seconds to start."""

    program = "rabbitmq-server"
    start_seconds = 200
    # Debian's rabbitmq-server changes the user; this is what it runs.
    script = "/usr/lib/rabbitmq/bin/rabbitmq-server"

    def __init__(self, folder, port=None):
        super().__init__(folder, port)
        self.name_port, self.distribution_port = _free_port(), _free_port()
        self.names = None

    def command(self):
        return [self.script]

    def environment(self):
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\nvm_memory_high_watermark.absolute = 256MB\n"
            "disk_free_limit.absolute = 1MB\nlog.console = true\nlog.console.level = warning\nlog.file = false\n")
        (self.folder / "plugins").write_text("[].\n")
        return {
            "PATH": PATH, "LANG": "C.UTF-8", "HOME": str(self.folder), "ERL_EPMD_PORT": str(self.name_port),
            "RABBITMQ_NODENAME": "mecha@localhost", "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"), "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"), "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_DIST_PORT": str(self.distribution_port), "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            # In the foreground: the process that is started is the server itself, not a script before it.
            "RABBITMQ_ALLOW_INPUT": "1", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput +S 2:2 +sbwt none",
        }

    def start(self):
        if self.names is None:
            # A name server of its own, which would otherwise be started in the background and stay.
            self.names = subprocess.Popen(
                ["epmd", "-port", str(self.name_port), "-address", "127.0.0.1"], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            _wait_until_accepting(self.names, self.name_port, 10)
        return super().start()

    def close(self):
        super().close()
        if self.names is not None:
            self.names.kill()
            self.names.wait()
            self.names = None
