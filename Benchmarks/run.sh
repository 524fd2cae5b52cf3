#!/usr/bin/env bash
# `make bench`: CPU time per request of Mecha beside floors and peers, measured in one run.
set -euo pipefail
cd "$(dirname "$0")/.."
exec .build/venv/bin/python Benchmarks/bench.py
