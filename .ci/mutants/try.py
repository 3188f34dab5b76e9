#!/usr/bin/env python3
"""Mutation testing in one build: what the tests would not notice if it broke.

    cargo install cargo-mutants --locked
    .ci/mutants/try.py WORK 'src/session/**' 'src/web/**'      all mutants of these files
    .ci/mutants/try.py WORK --only NAMES 'src/session/**'      those whose names are in a file

cargo-mutants lists the mutants. Built one by one, a thousand of them take a day: so
here all are woven into a copy of what is committed (`WORK/copy`, see `src/main.rs`),
each behind an `if` that an environment variable opens. Left out is what does not
compile, and what cannot be woven: another operator in a chain of `let`s, which would
not compile either, and another value of a type `impl …`. Then every test runs once,
to see which mutants it reaches, and each mutant with the tests that reach it, the
quickest first, until one fails.

`WORK/outcomes` has a line for each: what became of it, its name, and what killed it.
What was left last time, and why, stands in `left.md`. Nothing of this runs in CI.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
FEATURES = "password,sqlite,testing,totp"  # the tests of the servers take minutes
SLOW = 10  # seconds; what takes longer tries thousands of requests, and finds little more
MARK = re.compile(r"/\*(?:<(\d+)|(\d+)>)\*/")


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, **more)


def cargo(*command):
    """What cargo says, message by message."""
    environment = dict(
        os.environ,
        CARGO_TARGET_DIR="../built",
        CARGO_PROFILE_DEV_DEBUG="0",
        RUSTFLAGS="--cap-lints allow",  # lints are for people
    )
    command = ["cargo", *command, "-p", "portcullis", "--features", FEATURES]
    said = run(*command, "--message-format", "json", env=environment).stdout
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def about(span):
    """The innermost mutant around what an error points at; else the next one, as of a
    `match` that a guard leaves open."""
    text, around = Path(span["file_name"]).read_bytes(), []
    at = len(text[: span["byte_start"]].decode())
    for mark in MARK.finditer(text.decode()):
        if mark.start() > at:
            return around[-1] if around else int(mark[1])
        around.append(int(mark[1])) if mark[1] else around.pop()
    raise SystemExit(f"an error of no mutant: {span}")


def weave(weaver, listed, numbers):
    """Weaves in what compiles; answers which mutants those are, and which have no place."""
    shutil.copy(HERE / "src/mutant.rs", "src")
    with open("src/lib.rs", "a") as library:
        library.write("\nmod mutant;\n")
    shutil.copytree("src", "pristine")
    unwoven = set()
    while True:
        placeless = run(weaver, listed, *map(str, numbers), check=True).stdout
        unwoven |= set(map(int, placeless.split()))
        numbers -= unwoven
        wrong = set()
        for said in cargo("check", "--lib"):
            error = said.get("message", {})
            if said["reason"] == "compiler-message" and error["level"] == "error":
                wrong |= {about(span) for span in error["spans"] if span["is_primary"]}
        print(f"{len(wrong)} do not compile", flush=True)
        numbers -= wrong
        if not wrong:
            return numbers, unwoven


def passes(program, names, within, **environment):
    """Do these tests of a program pass? None if they come to no end."""
    environment = dict(os.environ, RUST_BACKTRACE="0", **environment)
    try:
        tests = run(program, "--exact", *names, env=environment, timeout=within)
    except subprocess.TimeoutExpired:
        return None
    return tests.returncode == 0


def record(work, number, program, name):
    """How long a test takes, and which mutants it reaches."""
    reached, began = work / f"reached.{number}", time.monotonic()
    reached.unlink(missing_ok=True)
    passed = passes(program, [name], 300, PORTCULLIS_REACHED=str(reached))
    took = time.monotonic() - began
    # The record itself can break a test that counts what is allocated.
    if not passed and not passes(program, [name], 300):
        print(f"fails without a mutant: {name}", flush=True)
        return None
    reached.touch()
    reaches = set(map(int, reached.read_text().split()))
    reached.unlink()
    return program, name, took, reaches


def outcome(number, tests):
    """What becomes of a mutant, and in which program."""
    programs = defaultdict(list)
    for program, name, took, reaches in tests:
        if number in reaches:
            programs[program].append((took, name))
    for program, tests in sorted(programs.items(), key=lambda item: sum(took for took, _ in item[1])):
        tests.sort()
        while tests:  # a few, then more: most mutants are found at once
            some, tests = tests[:8], tests[8:]
            within = 20 + 3 * sum(took for took, _ in some)
            names = [name for _, name in some]
            passed = passes(program, names, within, PORTCULLIS_MUTANT=str(number))
            if not passed:
                return "timed out" if passed is None else "killed", Path(program).name
    return "left" if programs else "unreached", ""


def main(work, *parts):
    work, only = Path(work).resolve(), None
    if parts[0] == "--only":
        only, parts = set(Path(parts[1]).read_text().splitlines()), parts[2:]
    shutil.rmtree(work / "copy", ignore_errors=True)
    (work / "copy").mkdir(parents=True)
    committed = subprocess.check_output(["git", "archive", "HEAD"], cwd=HERE.parents[1])
    os.chdir(work / "copy")
    subprocess.run(["tar", "xm"], input=committed, check=True)
    build = ["cargo", "build", "-q", "--release", "--target-dir", work / "weaver"]
    subprocess.run(build, cwd=HERE, check=True)

    files = [word for part in parts for word in ("-f", part)]
    listed = run("cargo", "mutants", "--list", "--json", "-p", "portcullis", *files, check=True)
    (work / "list.json").write_text(listed.stdout)
    mutants = json.loads(listed.stdout)
    numbers = {n for n, mutant in enumerate(mutants) if only is None or mutant["name"] in only}
    weaver = work / "weaver/release/portcullis-mutants"
    compiled, unwoven = weave(weaver, work / "list.json", set(numbers))

    tests = []
    for said in cargo("test", "--no-run", "--lib", "--tests"):
        is_test = said["reason"] == "compiler-artifact" and said["profile"]["test"]
        if is_test and said["target"]["name"] != "ui":
            names = run(said["executable"], "--list", "--format", "terse").stdout
            tests += [(said["executable"], name) for name in re.findall("^(.*): test$", names, re.M)]
    outcomes = dict.fromkeys(numbers - compiled, ("uncompiled", ""))
    outcomes |= dict.fromkeys(unwoven, ("unwoven", ""))
    with ThreadPoolExecutor(2) as two:
        recorded = two.map(lambda test: record(work, test[0], *test[1]), enumerate(tests))
        tests = [test for test in recorded if test and test[2] < SLOW]
        print(f"{len(compiled)} mutants, {len(tests)} tests", flush=True)
        order = sorted(compiled)
        outcomes.update(zip(order, two.map(lambda number: outcome(number, tests), order)))
    with (work / "outcomes").open("w") as told:
        for number, (what, by) in sorted(outcomes.items()):
            print(what, mutants[number]["name"], by, sep="\t", file=told)
    folders = Counter((os.path.dirname(mutants[n]["file"]), what) for n, (what, _) in outcomes.items())
    for (folder, what), many in sorted(folders.items()):
        print(folder, what, many)


if __name__ == "__main__":
    main(*sys.argv[1:])
