"""Checkouts with git settings that would run a program, in every possible way."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

BARE = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{role}_NAME": "x" for role in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{role}_EMAIL": "x@example.org" for role in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{role}_DATE": "1700000000 +0000" for role in ("AUTHOR", "COMMITTER")},
}
SIGNED = b"\n".join(
    (
        b"tree %s",
        b"author x <x@example.org> 1700000000 +0000",
        b"committer x <x@example.org> 1700000000 +0000",
        b"gpgsig -----BEGIN PGP SIGNATURE-----",
        b" ",
        b" iQ",
        b" -----END PGP SIGNATURE-----",
        b"",
        b"x",
    )
)


class Checkout:
    """A repository with settings for a program that creates a marker file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self.mark = folder / "ran"
        self.program = folder / "program"
        self.program.write_text(f"#!/bin/sh\ntouch '{self.mark}'\nexit 1\n")
        self.program.chmod(0o755)
        self.folder.mkdir()
        (self.folder / "file").write_text("x")
        for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "x")):
            self.git(*words)

    def git(self, *words: str, data: bytes | None = None, env: dict[str, str] = BARE) -> str:
        result = subprocess.run(
            ["git", "-C", str(self.folder), *words],
            input=data,
            capture_output=True,
            check=False,
            env=env,
            timeout=20,
        )
        return result.stdout.decode().strip()

    def set(self, key: str, value: str = "") -> None:
        self.git("config", key, value or str(self.program))

    def sign(self) -> None:
        tree = self.git("rev-parse", "HEAD^{tree}")
        commit = self.git(
            *("hash-object", "-t", "commit", "-w", "--stdin"), data=SIGNED % tree.encode()
        )
        self.git("update-ref", "HEAD", commit)

    def remove_commit(self) -> None:
        """Remove the commit, so that a partial clone would fetch it."""
        head = self.git("rev-parse", "HEAD")
        (self.folder / ".git/objects" / head[:2] / head[2:]).unlink()
        self.set("core.repositoryformatversion", "1")
        self.set("extensions.partialClone", "evil")
        self.set("remote.evil.promisor", "true")

    def ran(self) -> bool:
        existed = self.mark.exists()
        self.mark.unlink(missing_ok=True)
        return existed


def signature(checkout: Checkout) -> None:
    checkout.sign()
    checkout.set("gpg.program")
    checkout.set("log.showSignature", "true")


def included_signature(checkout: Checkout) -> None:
    checkout.sign()
    included = checkout.folder / "included"
    included.write_text(f"[gpg]\nprogram={checkout.program}\n[log]\nshowSignature=true\n")
    checkout.set("includeIf.gitdir:/**.path", str(included))


def elsewhere(checkout: Checkout) -> None:
    signature(checkout)
    (checkout.folder / ".git").rename(checkout.folder.parent / "elsewhere")
    (checkout.folder / ".git").write_text("gitdir: ../elsewhere\n")


def worktree_settings(checkout: Checkout) -> None:
    checkout.sign()
    checkout.set("extensions.worktreeConfig", "true")
    checkout.git("config", "--worktree", "gpg.program", str(checkout.program))
    checkout.git("config", "--worktree", "log.showSignature", "true")


def fetched_by_ssh(checkout: Checkout) -> None:
    checkout.remove_commit()
    checkout.set("remote.evil.url", "ssh://host.example/x")
    checkout.set("core.sshCommand")
    checkout.set("ssh.variant", "simple")


def fetched_from_a_file(checkout: Checkout) -> None:
    checkout.remove_commit()
    checkout.set("remote.evil.url", str(checkout.folder))
    checkout.set("remote.evil.uploadpack")
    checkout.set("protocol.file.allow", "always")


def fetched_by_a_helper(checkout: Checkout) -> None:
    checkout.remove_commit()
    checkout.set("remote.evil.url", f"ext::{checkout.program} %S")
    checkout.set("protocol.ext.allow", "always")


AT_A_LOG = [signature, included_signature, elsewhere, worktree_settings]
BY_FETCHING = [fetched_by_ssh, fetched_from_a_file, fetched_by_a_helper]
