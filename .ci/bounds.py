#!/usr/bin/env python3
"""No bound is decoration: without it the library does not build, or a test fails.

    .ci/bounds.py --list    which bounds there are
    .ci/bounds.py --all     tries each of them (about two hours)
    .ci/bounds.py SEED      tries one that the library builds without; which, the seed says
    .ci/bounds.py --here SEED   the same in this tree, with what is built here

Works on a copy of what is committed, so that nothing of yours is touched; with `--here`
nothing may be uncommitted. Bounds inside of `<…>` are not tried.
"""

import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# The traits that say what a guard, a session or a setting must be.
TRAITS = """
    Access Argument Arguments Ask Asks AtTheTop Beside ChangesOnce Fits Function Handler HoldsProof
    IsFresh IsHalfVerified IsPending IsVerified KeyGiven KeyMissing KnowsUser LoaderGiven
    LoaderMissing LoggedIn LoginState MayBeCallback MayBeGet MayLogIn MayServe NeedsNoState
    LastArgument Others Policy Proves SecondFactor SpentBy StateWith Takes UserKnown
""".split()
BOUND = re.compile(r"^ +(where )?[A-Z][\w:<>, ]*: (" + "|".join(TRAITS) + r")\b.*,$")
ASSERTION = re.compile(r"^ +let \(\) = .*HOLDS;$")


def bounds(root):
    """All of them, as file and number of the line, from 0."""
    for file in sorted((root / "src").rglob("*.rs")):
        for number, line in enumerate(file.read_text().splitlines()):
            if BOUND.match(line) or ASSERTION.match(line):
                yield file.relative_to(root), number


def cargo(root, *arguments):
    """Whether cargo is content."""
    environment = dict(os.environ, PORTCULLIS_REQUIRE_UI_TESTS="1", RUST_BACKTRACE="0")
    if root != Path.cwd():
        # A folder of its own: cargo would take what is built here for what is built there.
        target = Path(os.environ.get("CARGO_TARGET_DIR", "target")).absolute() / "bounds"
        environment["CARGO_TARGET_DIR"] = str(target)
    run = subprocess.run(
        ["cargo", *arguments], cwd=root, env=environment, capture_output=True, text=True
    )
    return run.returncode == 0


def holds(root, *only):
    """Whether the tests pass that would notice, or only these programs of them. Those of
    routing see to it that no method forgets an assertion."""
    test = ["test", "--locked", "--all-features"]
    ui = [*test, "--test", "ui", "--", "ui", *only]
    return cargo(root, *test, "--lib", "routing::") and cargo(root, *ui)


def without(root, file, number):
    """What happens without one: `needed`, `noticed` or `LIVED`."""
    path = root / file
    text = path.read_text()
    lines = text.splitlines(keepends=True)
    path.write_text("".join(lines[:number] + lines[number + 1 :]))
    try:
        if not cargo(root, "check", "--locked", "--lib", "--all-features"):
            return "needed"
        return "LIVED" if holds(root) else "noticed"
    finally:
        path.write_text(text)


def try_them(root, wanted):
    """Prints what becomes of each that is wanted; is there one that lives?"""
    found = list(bounds(root))
    if wanted not in ("--all", "--list"):
        random.Random(wanted).shuffle(found)
    # For one bound a few programs tell that the tests work here.
    some = [] if wanted == "--all" else ["trybuild=a_handler"]
    if wanted != "--list" and not holds(root, *some):
        sys.exit("the tests fail with every bound in place")
    lived = tried = 0
    for file, number in found:
        line = (root / file).read_text().splitlines()[number].strip()
        outcome = "" if wanted == "--list" else without(root, file, number)
        print(f"{outcome:8} {file}:{number + 1} {line}", flush=True)
        lived += outcome == "LIVED"
        tried += outcome in ("LIVED", "noticed")
        if not wanted.startswith("--") and outcome != "needed":
            break
    return lived > 0 or (wanted != "--list" and tried == 0)


def main():
    here, wanted = sys.argv[1:2] == ["--here"], sys.argv[-1]
    if len(sys.argv) != 2 + here:
        sys.exit(__doc__)
    if here:
        changed = subprocess.check_output(["git", "status", "--porcelain", "src"])
        sys.exit("commit first" if changed else try_them(Path.cwd(), wanted))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        archive = subprocess.run(["git", "archive", "HEAD"], capture_output=True, check=True)
        subprocess.run(["tar", "x", "-C", folder], input=archive.stdout, check=True)
        sys.exit(try_them(root, wanted))


main()
