"""Servers of tests on threads of their own."""

import threading


class Served:
    """Serves from its making to the end of its `with`; `server` is one of the standard library's."""

    def __init__(self, server):
        self.server = server
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
