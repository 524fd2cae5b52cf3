#!/usr/bin/env bash
# `make demo`: starts three apps under one Mecha process, sends an order through them, kills the runtime, and ends.
# Nothing else runs: no Docker, no Redis, no other server.
set -euo pipefail
cd "$(dirname "$0")/../.."
mecha=${MECHA:-.build/release/mecha}
export MECHA_HOME
MECHA_HOME=$(mktemp -d)
export PATH="$PWD/.build/venv/bin:$PATH"

echo '{"payment-key": "kept in a file, read through the secrets API"}' >"$MECHA_HOME/secrets.json"
mkdir -p "$MECHA_HOME/data"
mv "$MECHA_HOME/secrets.json" "$MECHA_HOME/data/secrets.json"

"$mecha" run -f Examples/demo/dapr.yaml &
runtime=$!
trap 'kill "$runtime" 2>/dev/null || true; wait "$runtime" 2>/dev/null || true; rm -rf "$MECHA_HOME"' EXIT

# Waits until the app "shipping" has saved something under a key.
wait_for_state() {
    for _ in $(seq 300); do
        [ -n "$(curl -sf "http://127.0.0.1:3603/v1.0/state/statestore/$1")" ] && return
        kill -0 "$runtime" || exit 1
        sleep 0.1
    done
    echo "nothing was saved under $1" >&2
    exit 1
}

for port in 3601 3602 3603; do
    for _ in $(seq 300); do
        curl -sf -o /dev/null "http://127.0.0.1:$port/v1.0/healthz" && break
        kill -0 "$runtime" || exit 1
        sleep 0.1
    done
done

echo
echo "--- one order, sent to the app \"orders\" through its runtime"
curl -sS --fail-with-body -X POST http://127.0.0.1:3601/v1.0/invoke/orders/method/orders \
    -H 'content-type: application/json' -d '{"id": "order-1", "item": "chairs", "amount": 4}'
echo
echo "--- what the runtime of \"orders\" knows of itself"
curl -sS http://127.0.0.1:3601/v1.0/metadata | python3 -m json.tool | sed -n '1,12p'
echo "--- the runtime is killed (kill -9) while the message about the paid order waits"
wait_for_state waiting-order-1
kill -9 "$runtime"
wait "$runtime" 2>/dev/null || true
echo "--- a new runtime, with the warehouse open: the message is delivered, the state is still there"
WAREHOUSE=open "$mecha" run --app-id shipping --app-port 6103 --dapr-http-port 3603 --dapr-grpc-port 50603 \
    -- python3 Examples/demo/shipping.py &
runtime=$!
wait_for_state shipped-order-1
kill "$runtime"
wait "$runtime" || true
"$mecha" serve --app-id orders --dapr-http-port 3601 --dapr-grpc-port 50601 --metrics-port 0 >/dev/null &
runtime=$!
curl -s -o /dev/null --retry 50 --retry-connrefused --retry-delay 0 --retry-max-time 20 http://127.0.0.1:3601/v1.0/healthz/outbound
curl -sS --fail-with-body http://127.0.0.1:3601/v1.0/state/statestore/order-1
echo
echo "--- done: memory of the runtime now $(awk '/VmRSS/ {print $2 " " $3}' "/proc/$runtime/status")"
