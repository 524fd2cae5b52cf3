#!/usr/bin/env bash
# Every test, fast ones first; ends with the processes that it started.
set -euo pipefail
cd "$(dirname "$0")/.."
trap 'jobs -p | xargs -r kill 2>/dev/null || true' EXIT

swift build --build-tests
swift test --skip-build
if compgen -G 'Tests/*/test_*.py' >/dev/null; then
    .build/venv/bin/python -m pytest -q Tests
fi
