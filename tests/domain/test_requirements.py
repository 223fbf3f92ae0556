"""Requirements files of a checkout, read as pip reads them, including invalid ones."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.plan.requirements import (
    ProjectRequirements,
    environment,
    installed_by,
    machine_on,
    read_requirements,
)
from openhqm_tui.domain.platforms import parse_platform

AMD64, ARM64 = parse_platform("linux/amd64"), parse_platform("linux/arm64")


def read(files: dict[str, str], *variants: str) -> ProjectRequirements | None:
    def text(name: str) -> str:
        if name not in files:
            raise FileNotFoundError(2, "No such file or directory")
        if files[name] == "outside":
            raise OSError(18, "a link that points outside its folder")
        return files[name]

    return read_requirements(variants or ("all", "redis", "kafka", "minimal"), text)


def installed(text: str, platform=AMD64, python: str = "3.13", **more: str) -> list[str]:
    files = {"requirements-queue-redis.txt": text} | {
        name.replace("_", "-") + ".txt": body for name, body in more.items()
    }
    found = read(files)
    assert found is not None
    variables = environment(machine_on(platform), python)
    return [one.line for one in installed_by(found.variants["redis"], variables)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("redis>=4.5.0", ["redis>=4.5.0"]),
        ("Redis [hiredis, ocsp] == 7.4.0  # pinned", ["redis[hiredis,ocsp]==7.4.0"]),
        ("# redis\n\n  \nPyYAML\n", ["pyyaml"]),
        ("\ufeffredis\r\nhiredis\r\n", ["redis", "hiredis"]),
        ("redis \\\n  >=5,\\\n  <8", ["redis<8,>=5"]),
        ("redis>=5 \\\n# a comment ends it\nhiredis", ["redis>=5", "hiredis"]),
        ("redis==5.0 --hash=sha256:aa \\\n  --hash=sha256:bb", ["redis==5.0"]),
        ("--index-url https://u:p@host/simple\n-i x\n--pre\nredis", ["redis"]),
        ("redis; python_version < '3.12'\nhiredis; python_version >= '3.12'", ["hiredis"]),
        ("redis; sys_platform == 'win32' or platform_machine == 'aarch64'", []),
        ("redis; implementation_name == 'cpython' and extra == ''", ["redis"]),
        ("redis @ https://u:p@host/redis-5.whl ; os_name == 'posix'", ["redis"]),
        ("git+https://host/x.git@v1#egg=x-client[fast]&subdirectory=a", ["x-client[fast]"]),
        ("./wheels/x_client-1.0-py3-none-any.whl", ["x-client"]),
        ("-e git+https://host/x.git#egg=x", ["x"]),
        ("redis\nredis", ["redis"]),
    ],
)
def test_a_file_is_read_as_pip_reads_it(text: str, lines: list[str]) -> None:
    assert installed(text) == lines


def test_markers_are_evaluated_for_the_images_platform_and_python() -> None:
    text = "a; platform_machine == 'aarch64'\nb; python_full_version >= '3.12'\nc; os_name != 'nt'"
    assert installed(text) == ["b", "c"]
    assert installed(text, ARM64, "3.11") == ["a", "c"]
    machines = {"linux/386": "i686", "linux/arm/v6": "armv6l", "linux/arm/v7": "armv7l"}
    assert {p: machine_on(parse_platform(p)) for p in machines} == machines


def test_includes_and_constraints_inside_the_checkout_are_followed() -> None:
    text = "-r base.txt\n--requirement=base.txt\n-c limits.txt\nredis[x]>=4; python_version > '3'"
    more = {"base": "tenacity\n-r requirements-queue-redis.txt", "limits": "redis<8\nother==1"}
    assert sorted(installed(text, **more)) == ["redis[x]<8,>=4", "tenacity"]


def test_the_variant_all_without_a_file_has_the_packages_of_all_others() -> None:
    queues = {"requirements-queue-redis.txt": "redis", "requirements-queue-kafka.txt": "aiokafka"}
    found = read(queues | {"requirements.txt": "fastapi"})
    assert found is not None
    assert found.variants["all"].packages == ("redis", "aiokafka")
    assert "minimal" not in found.variants
    assert found.core.packages == ("fastapi",)
    own = read(queues | {"requirements-queue-all.txt": "-r requirements-queue-redis.txt"})
    assert own is not None
    assert own.variants["all"].packages == ("redis",)


def test_a_folder_without_queue_requirements_has_none() -> None:
    assert read({"requirements.txt": "fastapi"}) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("-r ../secret.txt", "../secret.txt: can't be read (outside the checkout)"),
        ("-r /etc/passwd", "/etc/passwd: can't be read (outside the checkout)"),
        ("-r a/../../b", "../b: can't be read (outside the checkout)"),
        ("-c https://u:p@host/c.txt", "a URL: can't be read (outside the checkout)"),
        ("-r nowhere.txt", "nowhere.txt: can't be read (No such file or directory)"),
        ("-r outside.txt", "outside.txt: can't be read (a link that points outside its"),
        ("redis=x", "'redis=x' is not a valid requirement, so no check covers it"),
        ("$(touch x)", "'$(touch x)' is not a valid requirement, so no check covers it"),
        ("x" * 200, "is not a valid requirement, so no check covers it"),
        ("x @@ https://u:p@host", "a URL is not a valid requirement, so no check covers it"),
        ("-e .", "can't tell which package a path or URL refers to, so no check covers it"),
        ("a" * 3 + "\n" + "\n".join(f"p{n}" for n in range(600)), "more than 500 requirements"),
        ("\n".join(f"-r {n}.txt" for n in range(80)), "4.txt: can't be read"),
    ],
    ids=lambda text: text[:20],
)
def test_an_invalid_line_is_reported_and_the_rest_counts(text: str, problem: str) -> None:
    queue = "requirements-queue-redis.txt"
    found = read({queue: f"redis\n{text}", "outside.txt": "outside"}, "redis")
    assert found is not None
    assert "redis" in found.variants["redis"].packages
    assert any(problem in one for one in found.problems), found.problems
    assert len(found.problems) <= 5
    assert "u:p" not in "".join(found.problems)


def test_an_unreadable_file_defines_no_variant() -> None:
    found = read({"requirements-queue-redis.txt": "outside"}, "redis")
    assert found is not None
    assert found.variants == {}
    assert found.problems
