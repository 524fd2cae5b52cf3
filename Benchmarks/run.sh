#!/usr/bin/env bash
# `make bench`: CPU time of Mecha beside floors and peers, measured in one run.
set -euo pipefail
cd "$(dirname "$0")/.."
for part in state invocation size idle messaging durable functions; do
    .build/venv/bin/python "Benchmarks/$part.py"
done
