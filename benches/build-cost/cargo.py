"""Apps made for the measurement, and what cargo takes to build them."""

import os
import pathlib
import resource
import shutil
import subprocess

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent

AXUM = """\
axum = { version = "0.8.9", features = ["macros"] }
tokio = { version = "1.40", features = ["macros", "net", "rt-multi-thread"] }
"""
PORTCULLIS = f'portcullis = {{ path = "{ROOT}" }}\n'


class App:
    """A program of one file in a directory of its own, in a workspace of its own."""

    def __init__(self, place, name, dependencies, code):
        self.name = name
        self.path = pathlib.Path(place, name)
        self.main = self.path / "src/main.rs"
        self.main.parent.mkdir(parents=True)
        self.main.write_text(code)
        manifest = f'[package]\nname = "{name}"\nversion = "0.0.0"\nedition = "2024"\n\n'
        profiles = "\n[profile.release]\nstrip = true\n\n[workspace]\n"
        dependencies = f"[dependencies]\n{AXUM}{dependencies}"
        (self.path / "Cargo.toml").write_text(manifest + dependencies + profiles)
        # The versions that the table of times has.
        shutil.copy(ROOT / "Cargo.lock", self.path)

    def cargo(self, *arguments):
        """Runs cargo and gives what it says."""
        command = ["cargo", *arguments, "--quiet"]
        return subprocess.run(
            command, cwd=self.path, env=environment(), check=True, text=True, stdout=subprocess.PIPE
        ).stdout

    def seconds(self, *arguments):
        """How many seconds of a processor cargo takes, and what it starts."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cargo(*arguments, "-j2")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def dependencies(self):
        """How many crates it is made of, beside itself."""
        lines = self.cargo("tree", "--edges", "normal", "--prefix", "none", "--format", "{p}")
        return len({line.removesuffix(" (*)") for line in lines.splitlines()} - {""}) - 1

    def binary(self):
        """The size of the release, in bytes."""
        return (self.path / "target/release" / self.name).stat().st_size


def environment():
    """Everything is built anew, by whatever toolchain the repository names."""
    ours = {"CARGO_INCREMENTAL": "0", "CARGO_TERM_COLOR": "never"}
    inherited = {name: value for name, value in os.environ.items() if name != "CARGO_TARGET_DIR"}
    return inherited | ours
