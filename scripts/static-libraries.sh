#!/usr/bin/env bash
# Links the static forms of the C libraries into the folder $1, where the linker finds them before the
# shared ones. Debian and Ubuntu; where a static form is missing, the shared one is used.
set -euo pipefail
mkdir -p "$1"
for library in sqlite3 z stdc++; do
    file=$(find /usr/lib -name "lib$library.a" -path "*$(uname -m)*" 2>/dev/null | sort -V | tail -1)
    if [ -n "$file" ]; then ln -sf "$file" "$1/"; fi
done
