"""Apps that take events: an HTTP app and a gRPC app that note what they were given and answer as they are told."""

import collections
import concurrent.futures
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from dapr.proto import appcallback_service_v1, appcallback_v1
from runtime import wait_until


class Taken:
    """What an app was given, in the order in which it came."""

    def __init__(self, remembers=True):
        self.lock = threading.Lock()
        self.items = []
        self.counts = collections.Counter()
        self.remembers = remembers

    def add(self, item):
        """How many there are of the item's path."""
        with self.lock:
            if self.remembers:
                self.items.append(item)
            self.counts[item["path"]] += 1
            return self.counts[item["path"]]

    def at(self, path):
        with self.lock:
            return [item for item in self.items if item["path"] == path]

    def wait(self, path, count=1, seconds=15):
        wait_until(lambda: len(self.at(path)) >= count, f"{count} at {path}, got {self.items}", seconds=seconds)
        return self.at(path)


class HTTPApp:
    """``subscriptions`` is what GET /dapr/subscribe answers; ``answers[path]`` is a function of the number of the
    delivery to (status, document). One that takes very many need not remember them."""

    def __init__(self, subscriptions=(), answers=None, bindings=(), remembers=True):
        self.taken = Taken(remembers)
        self.answers = answers or {}
        app = self

        class Handler(BaseHTTPRequestHandler):
            disable_nagle_algorithm = True  # head and body go out apart
            wbufsize = -1
            protocol_version = "HTTP/1.1"

            def reply(self, status, document=None):
                data = b"" if document is None else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                if self.path == "/dapr/subscribe":
                    self.reply(200, list(subscriptions))
                else:
                    self.reply(404)

            def do_OPTIONS(self):
                self.reply(200 if self.path in bindings else 404)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                item = {"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body}
                if self.headers.get("content-type", "").endswith("json") and body:
                    item["json"] = json.loads(body)
                count = app.taken.add(item)
                answer = app.answers.get(self.path)
                self.reply(*(answer(count, item) if answer else (200,)))

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class GRPCApp(appcallback_service_v1.AppCallbackServicer):
    """``subscriptions`` are (pubsub, topic) pairs; every event is taken with ``status``."""

    def __init__(self, subscriptions=(), bindings=(), answer=None):
        self.taken = Taken()
        self.subscriptions = subscriptions
        self.bindings = bindings
        self.answer = answer
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        appcallback_service_v1.add_AppCallbackServicer_to_server(self, self.server)
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def ListTopicSubscriptions(self, request, context):
        return appcallback_v1.ListTopicSubscriptionsResponse(subscriptions=[
            appcallback_v1.TopicSubscription(pubsub_name=pubsub, topic=topic) for pubsub, topic in self.subscriptions])

    def OnTopicEvent(self, request, context):
        self.taken.add({"path": request.topic, "event": request, "metadata": dict(context.invocation_metadata())})
        if self.answer:
            return self.answer(request, context)
        return appcallback_v1.TopicEventResponse()

    def ListInputBindings(self, request, context):
        return appcallback_v1.ListInputBindingsResponse(bindings=self.bindings)

    def OnBindingEvent(self, request, context):
        self.taken.add({"path": request.name, "event": request})
        return appcallback_v1.BindingEventResponse()

    def close(self):
        self.server.stop(None)
