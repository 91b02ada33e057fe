#!/usr/bin/env bash
# Runs a command beside a local stack of its own, whose address is in MILLRACE_URL, and with --auth its API key in MILLRACE_KEY.
# Arguments: the directory of the binaries, options of the stack, and the command.
set -euo pipefail
cd "$(dirname "$0")/.."
binaries=$1
shift
options=()
while [[ "${1:-}" == --* ]]; do
    options+=("$1")
    shift
done

work=$(mktemp -d)
touch "$work/out"
"$binaries/millrace-local" --http-port 0 --aws-port 0 --kafka-port 0 --quiet --logs "$work/logs" "${options[@]}" \
    >"$work/out" 2>"$work/err" &
stack=$!
trap 'kill "$stack" 2>/dev/null || true; wait "$stack" 2>/dev/null || true; rm -rf "$work"' EXIT

told() { sed -n 's/^{"http":.*"'"$1"'":"\([^"]*\)".*/\1/p;s/^{"'"$1"'":"\([^"]*\)".*/\1/p' "$work/out"; }
until url=$(told http) && [ -n "$url" ]; do
    kill -0 "$stack" 2>/dev/null || { cat "$work/err" >&2; echo "ERROR: the local stack did not start." >&2; exit 1; }
    [ "$SECONDS" -lt 60 ] || { echo "ERROR: the local stack did not start within 60 s." >&2; exit 1; }
    sleep 0.1
done

MILLRACE_URL=$url MILLRACE_KEY=$(told apiKey) "$@"
