#!/usr/bin/env bash
# Every test, fast ones first; ends with the processes that it started, and says last what failed.
set -euo pipefail
cd "$(dirname "$0")/.."
trap 'jobs -p | xargs -r kill 2>/dev/null || true' EXIT

# These measure the memory of the whole process, or need ports, processors or the tasks' pool for themselves.
alone='RuntimeTests|JetStream|StreamingTests|SQLiteReliabilityTests|RabbitPubSubTests|RabbitConformanceTests|RabbitReliabilityTests|RedisCluster|RedisSentinel|HTTP1ClientTests|InMemoryPubSubTests|RedisFailureTests'

log=.build/test.log
: > "$log"
failed=0
limit=600

# Runs one group to its end, also when an earlier one failed: one run should tell everything. One that hangs is told,
# ended and begun once more.
group() {
    local code attempt
    for attempt in first second; do
        code=0
        timeout -k 10 "$limit" "$@" 2>&1 | tee -a "$log" || code=$?
        ((code == 124 || code == 137)) || break
        echo "hung for $limit s at its $attempt attempt: $*" | tee -a "$log"
    done
    ((code == 0)) || failed=1
}

# With Kafka, so that there is one build; a plain one is for users (make check).
# What the tests are and what they run; `--build-tests` would also compile packages' own tools (protoc among them).
for product in mechaPackageTests mecha mecha-wire-probe mecha-store-probe; do
    swift build --traits Kafka --product "$product"
done
# Components' tests start servers of their own: they do not share the two threads of the pool with all the others.
group swift test --traits Kafka --skip-build --skip "$alone|^ComponentTests\\."
group swift test --traits Kafka --skip-build --skip "$alone" --filter '^ComponentTests\.'
group swift test --traits Kafka --skip-build --no-parallel --filter "$alone"
limit=1500
group .build/venv/bin/python -m pytest -q Tests

if ((failed)); then
    echo "Failed:"
    grep -E '^(✘ Test ".*recorded an issue|✘ Test run|FAILED|ERROR)' "$log" | cut -c 1-300 | tail -n 40
    exit 1
fi
