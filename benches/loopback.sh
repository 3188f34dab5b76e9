#!/usr/bin/env bash
# What a protected page costs a server on the network, beside bare axum: wrk on one
# core, and on another the server, one thread of it.
#
# `SECONDS_EACH=30 benches/loopback.sh` takes longer over it.
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in wrk taskset; do
    command -v $tool >/dev/null || { echo "please install $tool"; exit 1; }
done

duration=${SECONDS_EACH:-10}
port=${PORT:-39217}
cargo build --quiet --release -p portcullis-compare --features peers
program=$(cargo metadata --no-deps --format-version 1 |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release/portcullis-compare
said=$(mktemp)
server=
trap 'kill "$server" 2>/dev/null || true; rm -f "$said"' EXIT

# Microseconds of a processor that the server has taken: user and system.
used() {
    awk -v tick="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1000000 / tick }' "/proc/$server/stat"
}

load() {
    taskset -c 1 wrk -t1 -c32 -d"$1s" -H "${headers[0]}" -H "${headers[1]}" "http://127.0.0.1:$port/protected"
}

echo "| protected page | requests a second | ratio | CPU of a request | ratio |"
echo "|---|---|---|---|---|"
for app in "bare axum" portcullis axum-login axum_session_auth; do
    taskset -c 0 "$program" serve "$app" "$port" >"$said" &
    server=$!
    until [ "$(wc -l <"$said")" = 2 ]; do sleep 0.1; done
    mapfile -t headers <"$said"
    load 2 >/dev/null # warm
    before=$(used)
    report=$(load "$duration")
    after=$(used)
    kill "$server"
    wait "$server" 2>/dev/null || true
    if grep -q "Non-2xx" <<<"$report"; then echo "$app: $report"; exit 1; fi
    requests=$(awk '/requests in/ { print $1 }' <<<"$report")
    rate=$(awk '/Requests\/sec/ { print $2 }' <<<"$report")
    each=$(awk "BEGIN { print ($after - $before) / $requests }")
    bare_rate=${bare_rate:-$rate}
    bare_each=${bare_each:-$each}
    awk -v app="$app" "BEGIN {
        printf \"| %s | %.0f | %.2f | %.1f µs | %.2f |\\n\", app, $rate, $rate / $bare_rate, $each, $each / $bare_each
    }"
done
