#!/usr/bin/env bash
# Asks a running local stack, MILLRACE_URL, what contracts/openapi.yaml allows and what it does not, and compares the answers
# with it. Arguments: the program `schemathesis`, and its further options.
set -euo pipefail
cd "$(dirname "$0")/.."
schemathesis=$1
shift

# Rules that a schema cannot say, so that valid data may be refused: a cursor is one that was given out, a key is used
# with one body, a URL leads to where webhooks may go.
excluded=positive_data_acceptance
# A timer that was cancelled can still be read.
excluded+=,use_after_free

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The stack is open, so it is asked about the contract without callers.
sed '/^      security: \[/d' contracts/openapi.yaml >"$work/openapi.yaml"

# A request that lacks something may as well fail its condition.
cat >"$work/schemathesis.toml" <<'END'
[checks]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, 429, "5xx"]
END

# One worker, because its generators are not safe in threads. The seed makes a failure come again.
"$schemathesis" --config-file "$work/schemathesis.toml" run "$work/openapi.yaml" --url "$MILLRACE_URL" \
    --exclude-checks "$excluded" --continue-on-failure \
    --max-examples 100 --seed 1 --workers 1 --request-timeout 30 --no-color "$@"
