"""The rules for the Dockerfile that can be verified from its text."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from openhqm_tui.domain.plan.bake import Variant
from tests.images.bake_file import BAKE_FILE, filled
from tests.our_variants import ALL_CLIENTS, VARIANTS

ROOT = Path(__file__).parents[2]
CONTEXT = ROOT / "assets/context"
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")

# Heredocs are separate programs: their lines are no instructions.
_HEREDOC = re.compile(r"<<'EOF'([^\n]*)\n.*?^EOF$", re.MULTILINE | re.DOTALL)
_CONTINUED = re.compile(r"\\\n\s*")
_COMMENT = re.compile(r"^#.*\n", re.MULTILINE)


def _instructions() -> list[str]:
    text = _COMMENT.sub("", _HEREDOC.sub(r"<<EOF\1", TEXT))
    return [line for line in _CONTINUED.sub("", text).splitlines() if line]


def _stages() -> dict[str, list[str]]:
    """Stage name → its instructions, the FROM first; in the order of the file."""
    stages: dict[str, list[str]] = {}
    for instruction in _instructions():
        if instruction.startswith("FROM "):
            stages[instruction.rsplit(" AS ", 1)[1]] = [instruction]
        elif stages:
            list(stages.values())[-1].append(instruction)
    return stages


def _ancestors(name: str) -> list[str]:
    """The stages an image consists of, from `name` down to its base."""
    stages, found = _stages(), [name]
    while (parent := stages[found[-1]][0].split()[-3]) in stages:
        found.append(parent)
    return found


def test_no_frontend_is_fetched():
    assert not re.search(r"^#\s*syntax\s*=", TEXT, re.MULTILINE | re.IGNORECASE)


def test_the_build_argument_has_a_default():
    assert "ARG QUEUE_BACKEND=all" in _instructions()


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: v.name)
def test_the_image_of_a_variant_runs_no_instruction(variant: Variant):
    stages = _stages()
    for name in ["image", *_ancestors(f"{variant.name}-image")]:
        for instruction in stages[name][1:]:
            word = instruction.split()[0]
            assert word not in {"RUN", "ADD"}, f"{name}: {instruction}"
            if word == "COPY":
                assert "--link --from=" in instruction, f"{name}: {instruction}"


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: v.name)
def test_a_variant_copies_its_own_clients_and_no_others(variant: Variant):
    stages = _stages()
    singles = {v.name for v in VARIANTS if len(v.clients) == 1}
    copied = {
        match[1]
        for name in _ancestors(f"{variant.name}-image")
        for instruction in stages[name]
        if (match := re.search(r"--from=(\S+)", instruction))
    }
    wanted = singles if variant.name == "all" else singles & {variant.name}
    assert copied & singles == wanted
    assert "core" in copied


def test_the_image_stage_is_the_last_and_runs_as_openhqm():
    name, instructions = list(_stages().items())[-1]
    assert name == "image"
    assert "USER 1000:1000" in instructions
    assert "EXPOSE 8000" in instructions
    assert 'CMD ["python", "-m", "openhqm.api.listener"]' in instructions
    (health,) = [line for line in instructions if line.startswith("HEALTHCHECK")]
    assert "8000" in health
    assert "/health" in health


def test_labels_that_vary_between_builds_come_last():
    (last,) = [i for i in _stages()["image"] if i.startswith("LABEL ")]
    assert _instructions()[-1] == last
    for key in ("title", "description", "source", "licenses", "version", "revision", "created"):
        assert f"org.opencontainers.image.{key}=" in last
    assert "org.opencontainers.image.base.name=" in last
    assert "queue.backend=" in last


def test_amd64_and_arm64_install_on_the_build_platform_from_wheels_only():
    stages = _stages()
    assert "--platform=$BUILDPLATFORM" in stages["cross"][0]
    for arch in ("amd64", "arm64"):
        assert stages[f"installer-{arch}"][0] == f"FROM cross AS installer-{arch}"
        assert "--only-binary :all: --python-platform" in stages[f"installer-{arch}"][1]
    for arch in ("386", "arm", "ppc64le", "riscv64", "s390x"):
        assert stages[f"installer-{arch}"] == [f"FROM emulated AS installer-{arch}"]


def test_instructions_with_network_access_mount_the_secrets():
    for name, instructions in _stages().items():
        for instruction in instructions:
            words = instruction.split()
            if words[0] == "RUN" and ("with-network" in words or words[-1] == "install"):
                assert "id=ca-bundle" in instruction, name
                assert "id=index-url" in instruction, name


def test_no_secret_is_an_argument_or_a_variable():
    for instruction in _instructions():
        if instruction.split()[0] in {"ARG", "ENV"}:
            assert not re.search(r"INDEX|CERT|TOKEN|PASSWORD", instruction)


def _names_in(file: Path) -> set[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return {re.split(r"[^A-Za-z0-9._-]", line)[0].lower() for line in lines if line[:1].isalpha()}


@pytest.mark.parametrize(
    "variant", [v for v in VARIANTS if len(v.clients) == 1], ids=lambda v: v.name
)
def test_each_client_has_its_own_requirements_file(variant: Variant):
    file = CONTEXT / f"requirements-queue-{variant.name}.txt"
    assert _names_in(file) == {variant.clients[0].distribution}
    assert not _names_in(CONTEXT / "requirements.txt") & {c.distribution for c in ALL_CLIENTS}


def test_constraints_pin_every_requirement_of_the_context():
    pinned = _names_in(CONTEXT / "constraints.txt")
    for file in CONTEXT.glob("requirements*.txt"):
        assert _names_in(file) <= pinned


def test_the_bake_file_lists_the_shipped_variants():
    text = BAKE_FILE.read_text(encoding="utf-8")
    assert filled(text) == text, "run `make constraints`"


def test_the_reference_service_reads_its_clients_from_the_requirements_files():
    service = runpy.run_path(str(CONTEXT / "src/openhqm/clients.py"))
    assert service["CLIENTS"] == {
        variant.name: variant.clients[0].distribution
        for variant in VARIANTS
        if len(variant.clients) == 1
    }
    assert "COPY requirements-queue-*.txt /layer/app/" in _instructions()
    assert service["missing"]("minimal") == []


def test_the_context_has_the_layout_of_a_checkout():
    assert (CONTEXT / "src/openhqm/api/listener.py").is_file()
    assert {f.name for f in CONTEXT.glob("requirements-queue-*.txt")} == {
        f"requirements-queue-{v.name}.txt" for v in VARIANTS if len(v.clients) == 1
    }
