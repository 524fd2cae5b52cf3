#!/usr/bin/env bash
# `make bench`: CPU time of Mecha beside floors and peers, measured in one run.
set -euo pipefail
cd "$(dirname "$0")/.."
for part in state invocation size messaging durable; do
    .build/venv/bin/python "Benchmarks/$part.py"
done
.build/venv/bin/python Benchmarks/bench.py
.build/venv/bin/python Benchmarks/messaging.py
.build/venv/bin/python Benchmarks/durable.py
.build/venv/bin/python Benchmarks/idle.py
