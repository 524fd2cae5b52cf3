"""stock: an app that speaks gRPC, with Dapr's own Python SDK, unchanged.

It keeps amounts in the state API with etags, and counts the orders of the HTTP app through invocation.
"""

import json
import os

from dapr.clients import DaprClient
from dapr.clients.grpc._state import Concurrency, StateOptions
from dapr.ext.grpc import App, InvokeMethodRequest, InvokeMethodResponse

app = App()


@app.method("reserve")
def reserve(request: InvokeMethodRequest) -> InvokeMethodResponse:
    order = json.loads(request.text())
    with DaprClient() as client:
        known = client.get_state("statestore", order["item"])
        left = int(known.data or b"100") - order["amount"]
        client.save_state(
            "statestore",
            order["item"],
            str(left),
            etag=known.etag or None,
            options=StateOptions(concurrency=Concurrency.first_write),
        )
    print(f"reserved {order['amount']} {order['item']}, {left} left", flush=True)
    return InvokeMethodResponse(json.dumps({"left": left}), "application/json")


app.run(int(os.environ["APP_PORT"]))
