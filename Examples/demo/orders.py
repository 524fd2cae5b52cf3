"""orders: an app that speaks plain HTTP, with nothing but Python's standard library.

It keeps orders in the state API, asks the gRPC app "stock" whether goods are there, reads a secret, and
publishes that the order is paid.
"""

import json
import os
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RUNTIME = f"http://127.0.0.1:{os.environ['DAPR_HTTP_PORT']}/v1.0"


def call(path, body=None, method=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(RUNTIME + path, data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
        return json.loads(text) if text else None


class Orders(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        order = json.loads(self.rfile.read(int(self.headers["content-length"])))
        print(f"order {order['id']} arrived for {order['amount']} {order['item']}", flush=True)
        reserved = call("/invoke/stock/method/reserve", order)
        print(f"stock says: {reserved}", flush=True)
        call("/state/statestore", [{"key": order["id"], "value": {**order, **reserved}}])
        saved = call(f"/state/statestore/{order['id']}")
        print(f"saved, and read back: {saved}", flush=True)
        secret = call("/secrets/secretstore/payment-key")["payment-key"]
        print(f"the payment key has {len(secret)} characters", flush=True)
        call("/publish/pubsub/paid", {"id": order["id"]})
        print(f"published that {order['id']} is paid", flush=True)
        self.answer({"order": saved, "paid": True})

    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["APP_PORT"])), Orders).serve_forever()
