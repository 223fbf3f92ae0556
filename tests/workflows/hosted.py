"""A job's steps, run here in order as a hosted runner runs them. By hand, as root:

    python -m tests.workflows.hosted ci/images platform=linux/amd64 arch=amd64 --place /tmp/ci
    python -m tests.workflows.hosted release/merge --place /tmp/ci REGISTRY=localhost:5000
    python -m tests.workflows.hosted ci/engine --place /tmp/ci --skip "Pull the base image"

Steps run as an unprivileged user who may use sudo, in a clean clone, with the variables that a
runner sets.
`/var/run/docker.sock` answers as the runner's own Engine 28.0.4 does; setup-docker-action becomes
a context of that name for this machine's engine. Artifacts and outputs stay in the place, for the
jobs that follow. What only GitHub can do is passed over, and said; so is a step that `--skip` names
by the beginning of its title, because this machine can't do it.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.older_engine import REAL, older_engine
from tests.workflows.reading import TOP, workflow

REPOSITORY = "openhqm/openhqm-tui"
USER = "65534"
# What this machine's network needs, and a runner's doesn't.
_NETWORK = re.compile(r"(?:PIP|SSL|UV|REQUESTS|CURL)_\w+|\w*(?i:proxy)")
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_CONTAINS = re.compile(r"contains\((\S+), '([^']*)'\)")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")


class Unknown(Exception):
    """An expression that only GitHub can evaluate."""


def value_of(expression: str, contexts: dict[str, Any]) -> str:
    """Return what a name such as `matrix.arch` stands for; and `contains(NAME, 'word')`."""
    if found := _CONTAINS.fullmatch(expression):
        return str(found[2] in value_of(found[1], contexts)).lower()
    told: Any = contexts
    for name in expression.split("."):
        if not isinstance(told, dict) or name not in told:
            raise Unknown(expression)
        told = told[name]
    return str(told)


def expanded(text: object, contexts: dict[str, Any]) -> str:
    """Return a text with the values of its `${{ expressions }}`; raises Unknown."""
    return _EXPRESSION.sub(lambda found: value_of(found[1], contexts), str(text))


def pairs(file: Path) -> dict[str, str]:
    """Return the `name=value` lines of a file that a step has written."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line)


class Job:
    """One job, in a folder that all jobs of a workflow's run share."""

    def __init__(
        self,
        name: str,
        place: Path,
        matrix: dict[str, str],
        given: dict[str, str],
        start: Callable[[list[str]], list[str]],
        skipped: tuple[str, ...] = (),
    ) -> None:
        file, _, self.name = name.partition("/")
        self.told = workflow(TOP / f".github/workflows/{file}.yml")
        self.job = self.told["jobs"][self.name]
        self.place, self.given, self._start, self._skipped = place, given, start, skipped
        self.clone, self.home = place / "clone", place / "home"
        self.artifacts, self.temp = place / "artifacts", place / "temp"
        needs = {one.name: {"outputs": pairs(one)} for one in (place / "outputs").iterdir()}
        self.contexts: dict[str, Any] = {
            "matrix": matrix,
            "needs": needs,
            "github": {"ref_name": given.get("GITHUB_REF_NAME", "main"), "actor": "someone"},
            "env": {},
        }
        self.environment = self._environment()

    def _environment(self) -> dict[str, str]:
        commit = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", str(self.clone), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
        )
        ref = self.contexts["github"]["ref_name"]
        return {
            **{name: told for name, told in os.environ.items() if _NETWORK.fullmatch(name)},
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": "someone",
            "GITHUB_API_URL": "https://api.github.com",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_JOB": self.name,
            "GITHUB_OUTPUT": str(self.place / "outputs" / self.name),
            "GITHUB_REF": f"refs/{'tags' if ref.startswith('v') else 'heads'}/{ref}",
            "GITHUB_REF_NAME": ref,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_REPOSITORY_OWNER": REPOSITORY.partition("/")[0],
            "GITHUB_RUN_ID": "1",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_SHA": commit.stdout.strip(),
            "GITHUB_STEP_SUMMARY": str(self.place / f"summary-{self.name}.md"),
            "GITHUB_WORKSPACE": str(self.clone),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PATH": f"{self.place}/bin:{_PATH}",
            "RUNNER_ARCH": "X64",
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.temp),
            "USER": "runner",
        }

    def _with(self, told: dict[str, Any]) -> dict[str, str]:
        """Return the expanded variables of workflow, job or step; given ones come first."""
        values = {name: expanded(text, self.contexts) for name, text in told.items()}
        return {name: self.given.get(name, value) for name, value in values.items()}

    def run(self) -> bool:
        """Run all steps; tell whether each ended well."""
        self.contexts["env"] |= self._with(self.told.get("env", {}))
        self.contexts["env"] |= self._with(self.job.get("env", {}))
        well = True
        for step in self.job["steps"]:
            title = step.get("name") or step.get("uses", "").partition("@")[0]
            if not well and "failure()" not in str(step.get("if", "")):
                self._say(f"-- skipped after a failure: {title}")
                continue
            if "uses" in step:
                self._use(step["uses"].partition("@")[0], step.get("with", {}))
                continue
            if title.startswith(self._skipped):
                self._say(f"-- skipped as asked: {title}")
                continue
            secrets = "secrets." in str(step.get("env", {}))
            if secrets:
                self._say(f"-- only GitHub can run: {title}")
                continue
            self._say(f"-- {title}")
            environment = {**self.environment, **self.contexts["env"]}
            environment |= self._with(step.get("env", {}))
            words = self._start([*_BASH, step["run"]])
            code = subprocess.run(words, cwd=self.clone, env=environment, check=False).returncode
            self._say(f"   exit code {code}")
            well = well and code == 0
        return well

    def _say(self, text: str) -> None:
        print(text, flush=True)

    def _use(self, action: str, told: dict[str, Any]) -> None:
        what = {
            "actions/upload-artifact": self._upload,
            "actions/download-artifact": self._download,
            "docker/setup-docker-action": self._context,
        }.get(action)
        if what is None:
            self._say(f"-- {action}: {'there already' if 'actions/' in action else 'passed over'}")
            return
        self._say(f"-- {action}")
        what(told)

    def _upload(self, told: dict[str, Any]) -> None:
        target = self.artifacts / expanded(told["name"], self.contexts)
        target.mkdir(parents=True, exist_ok=True)
        pattern = expanded(told["path"], self.contexts).rstrip("/")
        for found in self.clone.glob(pattern):
            for file in found.iterdir() if found.is_dir() else [found]:
                shutil.copy2(file, target)
        self._say(f"   {', '.join(sorted(file.name for file in target.iterdir()))}")

    def _download(self, told: dict[str, Any]) -> None:
        target = self.clone / str(told.get("path", "."))
        target.mkdir(parents=True, exist_ok=True)
        for folder in self.artifacts.glob(told.get("name") or told.get("pattern") or "*"):
            for file in folder.iterdir():
                shutil.copy2(file, target)
        subprocess.run(["chown", "-R", USER, str(target)], check=False)

    def _context(self, told: dict[str, Any]) -> None:
        """Make the engine of this machine a context, and choose it, as the action does."""
        del told
        name, host = "setup-docker-action", f"host=unix://{self.place}/engine.sock"
        for words in (("create", name, "--docker", host), ("use", name)):
            command = self._start(["docker", "context", *words])
            subprocess.run(command, env=self.environment, check=False, capture_output=True)


def unprivileged(words: list[str], group: int) -> list[str]:
    """Return the command run by an ordinary user who may use the engine and sudo."""
    who = ["--reuid", USER, "--regid", USER, "--groups", str(group)]
    return ["setpriv", *who, "--inh-caps=-all", *words]


def prepare(place: Path, python: str) -> None:
    """Make the folders of a run: a clean clone, a home, a Python; keep those that are there."""
    for name in ("artifacts", "bin", "home", "outputs", "temp"):
        (place / name).mkdir(parents=True, exist_ok=True)
    if not (place / "clone").exists():
        git = ["git", "-c", "safe.directory=*"]
        clone = str(place / "clone")
        subprocess.run([*git, "clone", "--quiet", "--no-hardlinks", str(TOP), clone], check=True)
        url = f"https://github.com/{REPOSITORY}"
        subprocess.run([*git, "-C", clone, "remote", "set-url", "origin", url], check=True)
    for name in ("python", "python3"):
        link = place / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(python)
    subprocess.run(["chown", "-R", f"{USER}:{USER}", str(place)], check=True)


def main(words: list[str]) -> int:
    """Run one job and return 0 if every step ended well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("job")
    parser.add_argument("values", nargs="*", help="matrix values, and variables in capitals")
    parser.add_argument("--place", type=Path, required=True)
    parser.add_argument("--python", default="/usr/bin/python3")
    parser.add_argument("--skip", action="append", default=[])
    told = parser.parse_intermixed_args(words)
    if not os.environ.get("HOSTED_NAMESPACE"):
        # Only here may the engine's usual socket be another one.
        environment = os.environ | {"HOSTED_NAMESPACE": "1"}
        again = [sys.executable, "-m", "tests.workflows.hosted", *words]
        return subprocess.run(
            ["unshare", "--mount", *again], env=environment, check=False
        ).returncode
    given = dict(one.split("=", 1) for one in told.values)
    matrix = {name: value for name, value in given.items() if name.islower()}
    place = told.place.resolve()
    prepare(place, told.python)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hosted-"))
        real = place / "engine.sock"
        real.touch()
        mount = ["mount", "--bind"]
        subprocess.run([*mount, os.path.realpath(REAL), str(real)], check=True)
        older = Path(folder) / "older.sock"
        stack.enter_context(older_engine(older, str(real)))
        subprocess.run([*mount, str(older), os.path.realpath(REAL)], check=True)
        sudoers = Path(folder) / "sudoers"
        sudoers.write_text(f"#{USER} ALL=(ALL) NOPASSWD: SETENV: ALL\n", encoding="utf-8")
        sudoers.chmod(0o440)
        subprocess.run([*mount, str(sudoers), "/etc/sudoers"], check=True)
        start = functools.partial(unprivileged, group=real.stat().st_gid)
        job = Job(told.job, place, matrix, given, start, tuple(told.skip))
        return 0 if job.run() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
