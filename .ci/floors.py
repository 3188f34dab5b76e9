"""Each folder of `src` stands on a floor and uses what is below it, never what is above."""

import pathlib
import re
import sys

FLOORS = [
    ["error", "secret", "clock", "key", "token", "local_path"],
    ["store", "user"],
    ["manager"],
    ["session"],
    ["web"],
    ["routing"],
]
FLOOR = {name: level for level, names in enumerate(FLOORS) for name in names}
AXUM_FROM, HTTP_FROM = 4, 1

wrong = []
for path in sorted(pathlib.Path("src").rglob("*.rs")):
    name = path.relative_to("src").parts[0].removesuffix(".rs")
    if name == "lib":
        continue
    level = FLOOR[name]
    text = path.read_text().split("#[cfg(test)]")[0]
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))
    if re.search(r"\baxum::", code) and level < AXUM_FROM:
        wrong.append(f"{path}: axum below floor {AXUM_FROM}")
    if re.search(r"\bhttp::", code) and level < HTTP_FROM:
        wrong.append(f"{path}: http below floor {HTTP_FROM}")
    used = set(re.findall(r"\bcrate::(\w+)::", code))
    for block in re.findall(r"use crate::\{(.*?)\n\};", code, re.S):
        used |= set(re.findall(r"^    (\w+)(?:::|,)", block, re.M))
    for other in sorted(used & FLOOR.keys()):
        if FLOOR[other] > level:
            wrong.append(f"{path}: floor {level} uses {other} of floor {FLOOR[other]}")

print("\n".join(wrong) or "every file stands on what is below it")
sys.exit(bool(wrong))
