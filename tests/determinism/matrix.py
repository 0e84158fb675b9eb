#!/usr/bin/env python3
"""Same scenario, options and seed: the same run, to the byte.

Every shipped scenario and field report is run by the release build again in one process, in fresh processes, and with memory
filled with 0x00 and 0xA5; the shorter ones also by builds of other compilers and optimisation levels. All trace
hashes must be equal, and those of another seed must differ.

    SQUALL            the release build
    DETERMINISM_MORE  further builds, separated by colons
    SOAK=1            everything by every build, 20 fresh processes each
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SQUALL = os.environ.get("SQUALL", str(ROOT / "build/release/bin/squall"))
MORE = [path for path in os.environ.get("DETERMINISM_MORE", "").split(":") if path and os.access(path, os.X_OK)]
SOAK = os.environ.get("SOAK") == "1"
LONG = {"retry-storm", "slow-dependency", "large", "cert-expiry"}  # by the release build only, unless it is a soak


def hashes(name, binary, environment, arguments, work):
    """{(scenario, variant, seed): hash} of one invocation; a text if it went wrong."""
    out = pathlib.Path(work) / ("%d.json" % (hash((name, binary, str(environment), str(arguments))) & 0xffffffff))
    command = [binary, "run", "scripts/%s.lua" % name, "--no-progress", "--jobs", "1",
               "--out", str(out) + ".db", "--json", str(out)] + arguments
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0", **environment),
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    try:
        report = json.loads(out.read_text())
    except (OSError, ValueError):
        return "exit %d: %s" % (done.returncode, (done.stdout + done.stderr)[-300:])
    return {(run["scenario"], str(run.get("variant")), run["seed"]): run["trace_hash"] for run in report["runs"]}


def plan():
    """(scenario, title, binary, environment, arguments, whether the hashes are to be equal)"""
    for path in sorted((ROOT / "scripts/scenarios").glob("*.lua")) + sorted((ROOT / "scripts/field").glob("*.lua")):
        name = path.parent.name + "/" + path.stem
        field = path.parent.name == "field"
        yield name, "first", SQUALL, {}, [], True
        yield name, "twice in one process", SQUALL, {"SQUALL_RUN_TWICE": "1"}, [], True
        yield name, "memory full of 0x00", SQUALL, {"SQUALL_FILL": "0x00"}, [], True
        yield name, "memory full of 0xa5", SQUALL, {"SQUALL_FILL": "0xa5"}, [], True
        if (path.stem not in LONG and not field) or SOAK:
            for binary in MORE:
                yield name, "by " + os.path.relpath(binary, ROOT), binary, {}, [], True
            yield name, "another seed", SQUALL, {}, ["--seed", "4242"], False
        for i in range(20 if path.stem == "hello" or SOAK else 1):
            yield name, "fresh process %d" % (i + 1), SQUALL, {"SQUALL_FRESH": str(i)}, [], True


def main():
    if not MORE:
        print("skipped: no second build to compare with (DETERMINISM_MORE)")
    passed = failed = 0
    with tempfile.TemporaryDirectory() as work, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        cases = [(case, pool.submit(hashes, case[0], case[2], case[3], case[4], work)) for case in plan()]
        first = {}
        for (name, title, _, _, _, equal), future in cases:
            got = future.result()
            if title == "first":
                first[name] = got
            wanted = first[name]
            if equal:
                good = isinstance(got, dict) and len(got) > 0 and all(got.values()) and got == wanted
            else:
                good = isinstance(got, dict) and not set(got.values()) & set(wanted.values())
            passed += good
            failed += not good
            if not good:
                print("FAIL %s, %s: %s\n    first: %s" % (name, title, got, wanted))
    print("%d passed, %d failed" % (passed, failed))
    raise SystemExit(failed != 0)


main()
