"""Each folder of `src` stands on a floor and uses what is below it, never what is above."""

import pathlib
import re
import sys

FLOORS = [
    ["error", "secret", "clock", "key", "token", "signed", "local_path"],
    ["store", "user", "loader", "event", "password", "totp", "actor"],
    ["manager"],
    ["session"],
    ["web"],
    ["routing"],
    ["testing", "fuzz_bridge"],
]
FLOOR = {name: level for level, names in enumerate(FLOORS) for name in names}
AXUM_FROM, HTTP_FROM = 4, 1


def used(code):
    """The names that stand behind `crate::`, alone or in a group."""
    for at in re.finditer(r"\bcrate::", code):
        rest = code[at.end() :]
        for part in group(rest) if rest.startswith("{") else [rest]:
            yield re.match(r"\s*(\w+)", part).group(1)


def group(text):
    """The parts between the outermost braces, split at the outermost commas."""
    depth, part = 0, ""
    for char in text:
        depth += (char == "{") - (char == "}")
        if depth == 0 or (depth == 1 and char in "{,"):
            if part.strip():
                yield part
            part = ""
        else:
            part += char
        if depth == 0:
            return


wrong = []
for path in sorted(pathlib.Path("src").rglob("*.rs")):
    name = path.relative_to("src").parts[0].removesuffix(".rs")
    if name == "lib" or "tests" in path.parts:
        continue
    level = FLOOR[name]
    text = path.read_text().split("#[cfg(test)]")[0]
    code = "\n".join(line.split("//")[0] for line in text.splitlines())
    if re.search(r"\baxum::", code) and level < AXUM_FROM:
        wrong.append(f"{path}: axum below floor {AXUM_FROM}")
    if re.search(r"\bhttp::", code) and level < HTTP_FROM:
        wrong.append(f"{path}: http below floor {HTTP_FROM}")
    for other in sorted(set(used(code))):
        if other not in FLOOR:
            wrong.append(f"{path}: `crate::{other}` hides which floor it is from")
        elif FLOOR[other] > level:
            wrong.append(f"{path}: floor {level} uses {other} of floor {FLOOR[other]}")

print("\n".join(wrong) or "every file stands on what is below it")
sys.exit(bool(wrong))
