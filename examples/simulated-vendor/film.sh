#!/usr/bin/env bash
# A video at a simulated AllToken, whose first create is refused: curl alone.
set -euo pipefail

url=${VENDOR_URL:-http://127.0.0.1:8360}
key=simulated-api-key # it opens nothing but a simulator

ask() { curl --silent --show-error --header "Authorization: Bearer $key" "$@"; }
drive() { ask --fail --output /dev/null --json "$2" "$url/__admin/$1"; }
create() {
  ask --json '{"model": "seedance-2.0", "prompt": "a calm sea"}' "$url/v1/videos/generations"
}
member() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }

drive reset '{}'
drive fates '{"fate": "refuse_next", "status": 503, "when": {"method": "POST"}}'
create | grep --quiet '503' && echo "the first create was refused"

id=$(create | member id)
echo "created $id"
drive clock '{"advance_s": 60}' # a minute of waiting
status=$(ask "$url/v1/videos/generations/$id" | member status)
echo "$id is $status"
[ "$status" = completed ]

ask "$url/__admin/bills" | grep --quiet '"video": 1' && echo "one video was paid for"
