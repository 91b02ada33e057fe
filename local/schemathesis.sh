#!/usr/bin/env bash
# Asks a running local stack, MILLRACE_URL, what contracts/openapi.yaml allows and what it does not, and compares the answers
# with it. With MILLRACE_KEY it asks with that API key, and then also without. Arguments: the program `schemathesis`, `short` or
# `full`, and further options of the program, such as the `--seed` that it told when it failed.
set -euo pipefail
cd "$(dirname "$0")/.."
schemathesis=$1
size=$2
shift 2

case $size in
short) options=(--max-examples 15 --seed 1) ;;
full) options=(--max-examples 300) ;;
*) echo "ERROR: the size is short or full." >&2; exit 2 ;;
esac

# A check of its own says what valid data may be refused for.
excluded=positive_data_acceptance
# A timer that was cancelled can still be read.
excluded+=,use_after_free

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -n "${MILLRACE_KEY:-}" ]; then
    cp contracts/openapi.yaml "$work/openapi.yaml"
    options+=(--header "Authorization: Bearer $MILLRACE_KEY")
else
    # The stack is open, so it is asked about the contract without callers.
    sed '/^      security: \[/d' contracts/openapi.yaml >"$work/openapi.yaml"
fi

# What the contract's examples name, so that more than 404 is seen of it.
post() {
    curl --silent --show-error --fail --output /dev/null "$MILLRACE_URL$1" -H "Authorization: Bearer ${MILLRACE_KEY:-}" \
        -H 'Content-Type: application/json' -d "$2"
}
post /orders/seed ''
post /events '{"userId": "ann", "type": "click", "payload": {}, "eventId": "019ab8e2-7c00-7a3b-9c58-3f1d2e4b5a62"}'
post /events '{"userId": "ann", "type": "click", "payload": {"fail": true}, "eventId": "will-fail"}'

# A request that lacks something may as well fail its condition.
cat >"$work/schemathesis.toml" <<'END'
[checks]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, 429, "5xx"]
END

# One worker, because its generators are not safe in threads.
SCHEMATHESIS_HOOKS=local/schemathesis_hooks.py "$schemathesis" --config-file "$work/schemathesis.toml" \
    run "$work/openapi.yaml" --url "$MILLRACE_URL" --exclude-checks "$excluded" --continue-on-failure \
    --workers 1 --request-timeout 30 --no-color "${options[@]}" "$@"
