#!/bin/bash
# A run that is left on its screen has been interrupted: the results file says so, and so does the exit code.
set -u
SQUALL=${SQUALL:-$(ls -t "$(dirname "$0")"/../../build/*/bin/squall 2>/dev/null | head -n 1)}
root=$(cd "$(dirname "$0")/../.." && pwd)
if ! command -v tmux >/dev/null || [ ! -x "$SQUALL" ]; then
    echo "skipped: no tmux, or squall is not built"
    echo "0 passed, 0 failed"
    exit 0
fi
work=$(mktemp -d)
socket=squall-leave-$$
t() { tmux -L "$socket" -f /dev/null "$@"; }
trap 't kill-server 2>/dev/null; rm -rf "$work"' EXIT
passed=0 failed=0

see() { # TEXT: within 10 s
    local n
    for n in $(seq 100); do
        t capture-pane -p | grep -qF -- "$1" && { passed=$((passed + 1)); return; }
        read -rt 0.1 <> <(:) || :
    done
    failed=$((failed + 1))
    echo "FAIL: \"$1\" does not appear"
    t capture-pane -p
}

t new-session -d -x 100 -y 30 "'$SQUALL' run --tui '$root/scripts/scenarios/hello.lua' --speed 1 -o '$work/r.db'; echo exit \$?; read -r"
see RUNNING
t send-keys q
see "exit 130"
if [ "$(sqlite3 "$work/r.db" 'SELECT status FROM run')" = interrupted ]; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "FAIL: status"; fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
