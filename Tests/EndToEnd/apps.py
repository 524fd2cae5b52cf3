"""Small applications that stand behind a runtime in the tests."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from served import Served


class HTTPApp(Served):
    """An HTTP/1.1 app in this process: ``routes`` maps the first segment of a path to what answers it.

    A route gets the handler of the request, with ``handler.body`` read, and answers by itself or by returning
    (status, body) or (status, body, headers). Other paths get 200 and "ok".
    """

    def __init__(self, port=0, **routes):
        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, *_):
                pass  # A client that goes away is no news.

        self.routes = routes
        self.seen = []
        super().__init__(Server(("127.0.0.1", port), _handler(self)))


def read_chunks(stream):
    """The pieces of a chunked request body."""
    while size := int(stream.readline(), 16):
        yield stream.read(size)
        stream.readline()
    stream.readline()


def _handler(app):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def answer(self):
            name = self.path.lstrip("/").split("/")[0].split("?")[0]
            route = app.routes.get(name)
            self.body = b"" if getattr(route, "reads_itself", False) else self.read_body()
            # The runtime asks for subscriptions when it likes: that is nobody's call.
            if self.path != "/dapr/subscribe":
                app.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
            answer = route(self) if route else (200, b"ok")
            if answer is not None:
                self.send(*answer)

        def read_body(self):
            if self.headers.get("transfer-encoding") == "chunked":
                return b"".join(read_chunks(self.rfile))
            return self.rfile.read(int(self.headers.get("content-length", 0)))

        def send(self, status, body=b"", headers=()):
            self.send_response(status)
            for name, value in dict(headers).items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
            self.wfile.flush()

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_):
            pass

    return Handler
