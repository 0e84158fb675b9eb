#!/bin/sh
# Drives tui-demo in tmux and looks at what a user would see. Usage: tmux.sh [TUI-DEMO]; by default the newest one built.
# Every wait is for a text to appear (or a bound of 10 s), never for a time to pass.
here=$(cd "$(dirname "$0")" && pwd)
demo=${1:-$(ls -t "$here"/../../build/*/bin/tui-demo 2>/dev/null | head -n 1)}
if [ ! -x "$demo" ]; then
    echo "skipped: tui-demo is not built"
    echo "0 passed, 0 failed"
    exit 0
fi
if ! command -v tmux >/dev/null; then
    echo "skipped: tmux is not installed"
    echo "0 passed, 0 failed"
    exit 0
fi
# Under a short name: a long one would wrap the lines that are looked for.
short=$(mktemp -d)
ln -s "$(realpath "$demo")" "$short/demo"
demo=$short/demo
socket=squall-$$-0 round=0
passed=0 failed=0
t() { tmux -L "$socket" -f /dev/null "$@"; }
trap 't kill-server 2>/dev/null; rm -rf "$short"' EXIT

screen() { t capture-pane -p; }

# see TEXT: it is on the screen within 10 s
see() {
    n=0
    while [ $n -lt 200 ]; do
        if screen | grep -qF -- "$1"; then
            passed=$((passed + 1))
            return 0
        fi
        n=$((n + 1))
        sleep 0.05
    done
    failed=$((failed + 1))
    echo "FAIL: $where: \"$1\" does not appear; the screen is:"
    screen
    [ "$failed" -lt 3 ] || { echo "$passed passed, $failed failed; the rest was not tried"; exit 1; }
    return 1
}

# begin WHERE WIDTH HEIGHT ENV... -- ARGUMENT...
begin() {
    where=$1 width=$2 height=$3
    shift 3
    t kill-server 2>/dev/null
    round=$((round + 1)) socket=squall-$$-$round
    t -u new-session -d -x "$width" -y "$height" "exec env PS1='\$ ' LC_ALL=C.UTF-8 sh"
    t send-keys "env $*; echo exit \$?" Enter
}
keys() { t send-keys "$@"; }

begin "keys" 106 28 "$demo" --recorded --paused
see "‖ PAUSED" && see "SERVICE" && see "×10"
keys '?'; see "KEYS of overview"; see "leave (also F10, Ctrl-C)"
keys x; see "1 MINUTE"
keys +; see "×100 "
keys -; keys -; see "×1 "
keys p; see "▶ RUNNING"
keys p; see "‖ PAUSED"
keys :; keys -l "at 2m24s"; see ":at 2m24s"; keys Enter; see "2m24s / 8m00s"
see "touched 8 412 pkts"; see "upstream connect failure  (×118)"
keys /; keys -l "payments"; see "/payments"; keys Enter; see "[istio-sidecar seed 7]  /payments"
keys Escape; see "catalog"
keys 4; see "checkout v2 %"; see "▲ now"
keys N; see "▲ 2m10.000"
keys Enter; see "2m10s / 8m00s"
t resize-window -x 60 -y 14; see "2m10s/8m00s"
t resize-window -x 20 -y 5; see "needs 40x10"
t resize-window -x 106 -y 28; see "MESSAGE"
keys '$'; see "✗ FAILED"
keys q; see "demo: left, ended"; see "exit 0"

begin "the picture is kept by Q" 106 28 "$demo" --recorded --paused
see "‖ PAUSED"; keys Q; see "demo: left, not ended"; see "SERVICE"

begin "an unrecorded run asks" 106 28 "$demo" --unsaved
see "RUNNING"; keys q; see "Leave?"; keys n; see "help"; keys q; see "Leave?"; keys y; see "exit 0"

begin "live runs cannot go back" 106 28 "$demo" --paused
see "‖ PAUSED"; keys '>'; see "0m01s / 8m00s"; keys '<'; see "a live run cannot go back"; keys C-c; see "demo: left, not ended"

begin "suspend" 106 28 "$demo"
see "RUNNING"; keys C-z; see "Stopped"; keys -l "fg"; keys Enter; see "RUNNING"; keys q; see "demo: left"

begin "SIGTERM" 106 28 "$demo"
see "RUNNING"
kill -TERM "$(pgrep -P "$(t display-message -p '#{pane_pid}')" | tail -1)"
see "demo: signalled"; see "exit 143"
keys -l "stty -a | tr ';' '\n' | grep -ow 'icanon'"; keys Enter; see "icanon"

begin "a crash gives the terminal back" 106 28 "$demo" --crash --speed 100000
see "exit 134"

begin "ASCII where the locale is not UTF-8" 80 24 LC_ALL=C "$demo" --paused
see "|  1 Overview   4 Timeline"; see "= PAUSED"; keys q; see "exit 0"
# colours WANTED(yes|no)
colours() {
    seen=no
    t capture-pane -ep | grep -q "$(printf '\033')\[[0-9;]*3[0-8][;m]" && seen=yes
    if [ $seen = "$1" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $where: colours: $seen"
    fi
}
begin "colour" 80 24 "$demo" --paused
see "‖ PAUSED"; colours yes; keys q; see "exit 0"
begin "no colour" 80 24 NO_COLOR=1 "$demo" --paused
see "‖ PAUSED"; colours no
keys q; see "exit 0"
for term in screen-256color linux vt100 xterm-kitty; do
    begin "TERM=$term" 80 24 TERM=$term "$demo" --paused
    see "PAUSED"; see "frontend"; keys q; see "exit 0"
done
begin "TERM=dumb" 80 24 TERM=dumb "$demo"
see "no terminal"; see "cannot place a cursor"; see "exit 1"
begin "no terminal" 106 24 "$demo" "</dev/null"
see "the screen needs a terminal"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
