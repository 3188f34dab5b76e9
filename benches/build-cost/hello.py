"""What it takes to build an app that says hello, with login by each library.

`python3 benches/build-cost/hello.py` builds each twice from nothing, which takes
some minutes.
"""

import shutil
import tempfile

from cargo import HERE, PORTCULLIS, App

AXUM_LOGIN = 'axum-login = "0.18"\ntower-sessions = "0.14"\n'
AXUM_SESSION_AUTH = """\
anyhow = "1"
async-trait = "0.1"
axum_session = "0.22"
axum_session_auth = "0.22"
"""

APPS = {
    "bare": "",
    "portcullis": PORTCULLIS,
    "axum_login": AXUM_LOGIN,
    "axum_session_auth": AXUM_SESSION_AUTH,
}

with tempfile.TemporaryDirectory() as place:
    print("| hello with | dependencies | debug build | release build | release binary |\n|---|---|---|---|---|")
    for name, dependencies in APPS.items():
        app = App(place, f"hello_{name}", dependencies, (HERE / f"{name}.rs").read_text())
        app.cargo("fetch")
        debug, release = app.seconds("build"), app.seconds("build", "--release")
        kib = app.binary() // 1024
        print(f"| {name} | {app.dependencies()} | {debug:.0f} s | {release:.0f} s | {kib} KiB |", flush=True)
        shutil.rmtree(app.path / "target")
