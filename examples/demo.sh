#!/bin/bash
# The demo of `make demo`: a test sink on a free loopback port, the example newsletter through it, the results.
#
#   examples/demo.sh [DIRECTORY of its python]      default: .venv/bin
#
# Nothing leaves the machine and nothing stays: spool and results go to a temporary directory. The sink answers
# as late as a server across a continent, else the progress would be over before it is seen.
set -eu
cd "$(dirname "$0")/.."
commands=${1:-.venv/bin}
delay=0.05

fastsmtp() { "$commands/python" -m fastsmtp "$@"; }
show() { printf '\n\033[1m$ %s\033[0m\n' "$*"; }
if [ ! -t 1 ]; then show() { printf '\n$ %s\n' "$*"; }; fi

work=$(mktemp -d)
sink=
finish() {
    if [ -n "$sink" ]; then kill "$sink" 2>/dev/null && wait "$sink" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap finish EXIT

port=$("$commands/python" -c 'import socket
with socket.create_server(("127.0.0.1", 0)) as probe: print(probe.getsockname()[1])')

show "fastsmtp sink --listen 127.0.0.1:$port --delay $delay &"
"$commands/python" -m fastsmtp sink --listen "127.0.0.1:$port" --delay "$delay" --quiet &
sink=$!
for _ in $(seq 100); do
    if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
    sleep 0.1
done

show "fastsmtp send examples/newsletter/newsletter.toml -o relayhost=[127.0.0.1]:$port --results $work/results.csv"
status=0
fastsmtp send examples/newsletter/newsletter.toml -o "relayhost=[127.0.0.1]:$port" \
    --spool "$work/spool" --results "$work/results.csv" || status=$?

show "head -4 $work/results.csv"
head -4 "$work/results.csv"
exit "$status"
