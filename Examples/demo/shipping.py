"""shipping: an app that takes the events of paid orders, with nothing but Python's standard library.

While the warehouse is closed it asks for them later; they wait in the runtime's durable default, also if the
runtime is killed meanwhile.
"""

import json
import os
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RUNTIME = f"http://127.0.0.1:{os.environ['DAPR_HTTP_PORT']}/v1.0"
IS_OPEN = os.environ.get("WAREHOUSE") == "open"


def save(key):
    state = json.dumps([{"key": key, "value": True}]).encode()
    urllib.request.urlopen(urllib.request.Request(RUNTIME + "/state/statestore", state, {"content-type": "application/json"})).close()


class Shipping(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    is_waiting = False

    def do_GET(self):
        if self.path == "/dapr/subscribe":
            self.answer([{"pubsubname": "pubsub", "topic": "paid", "route": "/paid"}])
        else:
            self.answer({}, 404)

    def do_POST(self):
        event = json.loads(self.rfile.read(int(self.headers["content-length"])))
        order = event["data"]["id"]
        if not IS_OPEN:
            if not Shipping.is_waiting:
                print(f"{order} is paid, but the warehouse is closed: later, please", flush=True)
                Shipping.is_waiting = True
                save(f"waiting-{order}")
            return self.answer({"status": "RETRY"})
        print(f"{order} is shipped", flush=True)
        save(f"shipped-{order}")
        self.answer({"status": "SUCCESS"})

    def answer(self, body, status=200):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["APP_PORT"])), Shipping).serve_forever()
