#!/bin/sh
# Writes every lock file: exact versions, every file's hash, and no word about where they were fetched from.
set -eu
cd "$(dirname "$0")/.."
lock() {
    .venv/bin/uv pip compile -q --no-config --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --custom-compile-command "make lock" "$@"
}
lock "$@" tools/uv.in -o tools/uv.txt
lock "$@" tools/node.in -o tools/node.txt
lock "$@" requirements.in -o requirements.txt
lock "$@" -c requirements.txt requirements-demo.in -o requirements-demo.txt
lock "$@" -c requirements-demo.txt requirements-dev.in -o requirements-dev.txt
if command -v npm >/dev/null; then
    npm install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund
fi
