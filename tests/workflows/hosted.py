"""Run the steps of a job in order, as a hosted runner does. By hand, as root:

    python -m tests.workflows.hosted ci/images platform=linux/amd64 arch=amd64 --place /tmp/ci
    python -m tests.workflows.hosted release/merge --place /tmp/ci REGISTRY=localhost:5000
    python -m tests.workflows.hosted ci/engine --place /tmp/ci --skip "Pull the base image"

Steps run as an unprivileged user with sudo, in a clean clone, with the variables that a runner
sets.
`/var/run/docker.sock` behaves like the runner's Engine 28.0.4; setup-docker-action becomes a
context of that name for this machine's engine. Artifacts and outputs stay in the place for later
jobs. Steps that only GitHub can run are skipped with a note, and so are steps whose title starts
with a `--skip` option, because this machine can't run them.
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
# Variables that this machine's network needs, but not a runner's.
_NETWORK = re.compile(r"(?:PIP|SSL|UV|REQUESTS|CURL)_\w+|\w*(?i:proxy)")
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_CONTAINS = re.compile(r"contains\((\S+), '([^']*)'\)")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")


class Unknown(Exception):
    """An expression that only GitHub can evaluate."""


def value_of(expression: str, contexts: dict[str, Any]) -> str:
    """Return the value of a name such as `matrix.arch`, or of `contains(NAME, 'word')`."""
    if found := _CONTAINS.fullmatch(expression):
        return str(found[2] in value_of(found[1], contexts)).lower()
    value: Any = contexts
    for name in expression.split("."):
        if not isinstance(value, dict) or name not in value:
            raise Unknown(expression)
        value = value[name]
    return str(value)


def expanded(text: object, contexts: dict[str, Any]) -> str:
    """Return a text with its `${{ expressions }}` replaced by their values; raises Unknown."""
    return _EXPRESSION.sub(lambda found: value_of(found[1], contexts), str(text))


def pairs(file: Path) -> dict[str, str]:
    """Return the `name=value` lines of a file that a step has written."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line)


class Job:
    """One job, in a folder that all jobs of a workflow run share."""

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
        self.workflow = workflow(TOP / f".github/workflows/{file}.yml")
        self.job = self.workflow["jobs"][self.name]
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
            **{name: value for name, value in os.environ.items() if _NETWORK.fullmatch(name)},
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

    def _with(self, variables: dict[str, Any]) -> dict[str, str]:
        """Return the expanded variables of a workflow, job or step; given ones take precedence."""
        values = {name: expanded(text, self.contexts) for name, text in variables.items()}
        return {name: self.given.get(name, value) for name, value in values.items()}

    def run(self) -> bool:
        """Run all steps; return whether all succeeded."""
        self.contexts["env"] |= self._with(self.workflow.get("env", {}))
        self.contexts["env"] |= self._with(self.job.get("env", {}))
        succeeded = True
        for step in self.job["steps"]:
            title = step.get("name") or step.get("uses", "").partition("@")[0]
            if not succeeded and "failure()" not in str(step.get("if", "")):
                self._print(f"-- skipped after a failure: {title}")
                continue
            if "uses" in step:
                self._use(step["uses"].partition("@")[0], step.get("with", {}))
                continue
            if title.startswith(self._skipped):
                self._print(f"-- skipped by --skip: {title}")
                continue
            secrets = "secrets." in str(step.get("env", {}))
            if secrets:
                self._print(f"-- only GitHub can run: {title}")
                continue
            self._print(f"-- {title}")
            environment = {**self.environment, **self.contexts["env"]}
            environment |= self._with(step.get("env", {}))
            words = self._start([*_BASH, step["run"]])
            code = subprocess.run(words, cwd=self.clone, env=environment, check=False).returncode
            self._print(f"   exit code {code}")
            succeeded = succeeded and code == 0
        return succeeded

    def _print(self, text: str) -> None:
        print(text, flush=True)

    def _use(self, action: str, inputs: dict[str, Any]) -> None:
        action_method = {
            "actions/upload-artifact": self._upload,
            "actions/download-artifact": self._download,
            "docker/setup-docker-action": self._context,
        }.get(action)
        if action_method is None:
            self._print(f"-- {action}: {'already present' if 'actions/' in action else 'skipped'}")
            return
        self._print(f"-- {action}")
        action_method(inputs)

    def _upload(self, inputs: dict[str, Any]) -> None:
        target = self.artifacts / expanded(inputs["name"], self.contexts)
        target.mkdir(parents=True, exist_ok=True)
        pattern = expanded(inputs["path"], self.contexts).rstrip("/")
        for found in self.clone.glob(pattern):
            for file in found.iterdir() if found.is_dir() else [found]:
                shutil.copy2(file, target)
        self._print(f"   {', '.join(sorted(file.name for file in target.iterdir()))}")

    def _download(self, inputs: dict[str, Any]) -> None:
        target = self.clone / str(inputs.get("path", "."))
        target.mkdir(parents=True, exist_ok=True)
        for folder in self.artifacts.glob(inputs.get("name") or inputs.get("pattern") or "*"):
            for file in folder.iterdir():
                shutil.copy2(file, target)
        subprocess.run(["chown", "-R", USER, str(target)], check=False)

    def _context(self, inputs: dict[str, Any]) -> None:
        """Create a context for this machine's engine and select it, as the action does."""
        del inputs
        name, host = "setup-docker-action", f"host=unix://{self.place}/engine.sock"
        for words in (("create", name, "--docker", host), ("use", name)):
            command = self._start(["docker", "context", *words])
            subprocess.run(command, env=self.environment, check=False, capture_output=True)


def unprivileged(words: list[str], group: int) -> list[str]:
    """Return the command run by an ordinary user who may use the engine and sudo."""
    who = ["--reuid", USER, "--regid", USER, "--groups", str(group)]
    return ["setpriv", *who, "--inh-caps=-all", *words]


def prepare(place: Path, python: str) -> None:
    """Create the folders of a run: a clean clone, a home, a Python; keep existing ones."""
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
    """Run one job and return 0 if every step succeeded."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("job")
    parser.add_argument("values", nargs="*", help="matrix values, and variables in capitals")
    parser.add_argument("--place", type=Path, required=True)
    parser.add_argument("--python", default="/usr/bin/python3")
    parser.add_argument("--skip", action="append", default=[])
    options = parser.parse_intermixed_args(words)
    if not os.environ.get("HOSTED_NAMESPACE"):
        # Only in this namespace may the engine's usual socket be replaced.
        environment = os.environ | {"HOSTED_NAMESPACE": "1"}
        again = [sys.executable, "-m", "tests.workflows.hosted", *words]
        return subprocess.run(
            ["unshare", "--mount", *again], env=environment, check=False
        ).returncode
    given = dict(one.split("=", 1) for one in options.values)
    matrix = {name: value for name, value in given.items() if name.islower()}
    place = options.place.resolve()
    prepare(place, options.python)
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
        job = Job(options.job, place, matrix, given, start, tuple(options.skip))
        return 0 if job.run() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
