import pytest
from redis_process import RedisServer


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory):
    """One Redis for the whole run, without persistence."""
    server = RedisServer(tmp_path_factory.mktemp("redis"), "--save", "", "--appendonly", "no").start()
    yield server
    server.stop()


@pytest.fixture
def own_redis(tmp_path):
    """Makes Redis servers that a test may stop and start; extra arguments are settings."""
    servers = []

    def make(*settings):
        folder = tmp_path / f"redis{len(servers)}"
        folder.mkdir()
        servers.append(RedisServer(folder, *settings))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()
