"""What `--help` and the man page tell beside the flags: examples, exit codes, settings, files."""

from __future__ import annotations

# Headings and text; a line that begins with blanks stays a line of its own.
Section = tuple[str, str]

EXIT_CODES: Section = (
    "exit codes",
    """\
  0    all well
  1    a build or a check failed
  2    bad usage or configuration: nothing was started
  3    no usable engine: nothing was started
  130  cancelled""",
)

EXAMPLES: Section = (
    "examples",
    """\
  openhqm-tui                        the console, in this folder
  openhqm-tui build --backend redis  one variant on both platforms
  openhqm-tui build --build-all --push --name REGISTRY/NAME
  openhqm-tui doctor                 diagnose this machine
  openhqm-tui replay demo            a look at it all without Docker""",
)

SETTINGS: Section = (
    "settings",
    "A flag counts most, then the environment (OPENHQM_TUI_BASE_IMAGE for base-image), then "
    "openhqm-tui.toml in this folder, then settings.toml of the user."
    """
  backends platforms name tag jobs quiet-after builder base-image context
  dockerfile ca-bundle python-version cache-from cache-to check checks
  allow keep-runs keep-mb theme keymap (allow, keymap in files only)
  `openhqm-tui guides settings` tells which of them a project may set.""",
)

ENVIRONMENT: Section = (
    "environment",
    """\
  OPENHQM_TUI_STATE_DIR  where runs and history are kept
  OPENHQM_TUI_CACHE_DIR  where what was learnt of layers is kept
  OPENHQM_TUI_SERVE_TOKEN    the token that serve asks for
  NO_COLOR FORCE_COLOR   no colours; colours also into a pipe
  SSL_CERT_FILE          as --ca-bundle
  SOURCE_DATE_EPOCH      the time that images get, for equal digests
  DOCKER_HOST DOCKER_CONTEXT BUILDX_BUILDER PAGER    as everywhere""",
)

FILES: Section = (
    "files",
    """\
  ~/.config/openhqm-tui/settings.toml        settings of the user
  ~/.local/state/openhqm-tui                 runs and history
  ~/.cache/openhqm-tui                       can be removed at any time
"""
    "On macOS all are in ~/Library/Application Support/openhqm-tui, the last in "
    "~/Library/Caches/openhqm-tui. An uninstall leaves them, for the next install.",
)

BUILD_EXAMPLES: Section = (
    "examples",
    """\
  openhqm-tui build --backend redis --platforms linux/$(uname -m)
  openhqm-tui build --backend redis,kafka --jobs 2
  openhqm-tui build --build-all --test-only
  openhqm-tui build --build-all --push --name REGISTRY/NAME --tag v1
  openhqm-tui build --build-all --format json | jq -r .event""",
)

PLAN_EXAMPLES: Section = (
    "examples",
    """\
  openhqm-tui plan --build-all > bake.json
  docker buildx bake -f bake.json
"""
    "Buildx asks for what the plan names outside the folder, and says which --allow grants it. "
    "Beside the bundled Dockerfile (`variants --dockerfile bundled` tells its folder) lies "
    "assets/docker-bake.hcl, to be run by hand from there.",
)

CHECK_EXAMPLES: Section = (
    "examples",
    """\
  openhqm-tui check openhqm:latest-redis
  openhqm-tui check openhqm:latest-redis --platforms arm64 --verbose
  openhqm-tui check mine:1 --checks openhqm-checks.toml""",
)

GUIDES_EXAMPLES: Section = (
    "examples",
    """\
  openhqm-tui guides
  openhqm-tui guides multi-arch
  openhqm-tui guides multi-arch --format tty | less -R""",
)

DOCTOR_EXAMPLES: Section = (
    "examples",
    """\
  openhqm-tui doctor                         look, change nothing
  openhqm-tui doctor --fix                   show each command, ask, run it
  openhqm-tui doctor --platforms arm64,s390x""",
)

COMPLETION_PLACES: Section = (
    "where to put it",
    """\
  bash  mkdir -p ~/.local/share/bash-completion/completions
        openhqm-tui completion bash \\
          > ~/.local/share/bash-completion/completions/openhqm-tui
  zsh   openhqm-tui completion zsh > "${fpath[1]}/_openhqm-tui"
        (or any other folder of your fpath)
  fish  openhqm-tui completion fish \\
          > ~/.config/fish/completions/openhqm-tui.fish
For this shell only:
  bash, zsh  eval "$(openhqm-tui completion bash)"    zsh: after compinit
  fish       openhqm-tui completion fish | source""",
)


def epilog(*sections: Section) -> str:
    """Return sections as the end of a `--help`."""
    return "\n\n".join(f"{heading}:\n{text}" for heading, text in sections)


def man_sections() -> tuple[Section, ...]:
    """Return what the man page has after the commands."""
    return (EXAMPLES, EXIT_CODES, SETTINGS, ENVIRONMENT, FILES)
