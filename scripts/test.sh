#!/usr/bin/env bash
# Every test, fast ones first; ends with the processes that it started.
set -euo pipefail
cd "$(dirname "$0")/.."
trap 'jobs -p | xargs -r kill 2>/dev/null || true' EXIT

# These measure the memory of the whole process, or need ports and processors for themselves.
alone='RuntimeTests|JetStream|StreamingTests|SQLiteReliabilityTests|RabbitPubSubTests|RabbitConformanceTests|RabbitReliabilityTests|RedisCluster|RedisSentinel|HTTP1ClientTests'

swift build --build-tests
swift test --skip-build --skip "$alone"
swift test --skip-build --no-parallel --filter "$alone"
.build/venv/bin/python -m pytest -q Tests
