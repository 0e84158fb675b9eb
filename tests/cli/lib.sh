# What the tests of the command line share; to be sourced. Each ends with "N passed, N failed".
#     SQUALL   the binary under test
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SQUALL=${SQUALL:-$(ls -t "$root"/build/*/bin/squall 2>/dev/null | head -1)}
if [ ! -x "$SQUALL" ]; then
    echo "skipped: squall is not built"
    echo "0 passed, 0 failed"
    exit 0
fi
export LC_ALL=C.UTF-8
unset CI NO_COLOR CLICOLOR_FORCE SQUALL_FILL SQUALL_RUN_TWICE
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0 failed=0

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
    exit
}
ok() { passed=$((passed + 1)); }
fail() {
    failed=$((failed + 1))
    echo "FAIL $*"
}
# is NAME GOT WANTED
is() { if [ "$2" = "$3" ]; then ok; else fail "$1: got '${2:0:400}', wanted '${3:0:400}'"; fi; }
# has NAME TEXT PATTERN: an extended regular expression, anywhere in a line
has() { if grep -Eq -- "$3" <<<"$2"; then ok; else fail "$1: '${2:0:800}' lacks '$3'"; fi; }
# lacks NAME TEXT PATTERN
lacks() { if grep -Eq -- "$3" <<<"$2"; then fail "$1: '${2:0:800}' has '$3'"; else ok; fi; }
# exits CODE WORD…: runs squall; OUT and ERR are what it said
exits() {
    local wanted=$1 got
    shift
    timeout 60 "$SQUALL" "$@" >"$work/.out" 2>"$work/.err" </dev/null
    got=$?
    OUT=$(cat "$work/.out") ERR=$(cat "$work/.err")
    if [ "$got" = "$wanted" ]; then ok; else fail "squall $*: exit $got, wanted $wanted: ${OUT: -300} ${ERR: -300}"; fi
}
last_line() { tail -n 1 <<<"$OUT"; }

# scenario FILE NAME OPTIONS BODY: a world of two services with one load, and BODY as its method
scenario() {
    cat >"$1" <<LUA
scenario("$2", { topology = topologies.chain { "web", "api", replicas = 2 }, duration = "20s", profiles = { "none" }${3:+, $3} }, function(s)
  s:load { name = "user", to = "web", rate = 20 }
  s:run(function()
    $4
  end)
end)
LUA
}
