"""The certificates passed to the installs of a build behind a proxy that re-signs TLS."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from openhqm_tui.domain.errors import UsageProblem

# Variables that tools, and therefore builds, read their certificates from.
VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT")
# Where Debian and Ubuntu put the bundle, and what an administrator added to it.
SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
ADDED = Path("/usr/local/share/ca-certificates")


def ca_bundle(
    explicit: str = "",
    *,
    environment: Mapping[str, str] | None = None,
    own: bool | None = None,
    system: Path = SYSTEM_BUNDLE,
) -> str:
    """Return the requested bundle, else the one of this machine's tools; '' for public ones.

    A machine that trusts private authorities is probably behind such a proxy, and containers
    don't trust them: `own` is whether it does (None: find out). Raises UsageProblem if the
    requested file doesn't exist.
    """
    if explicit:
        if not Path(explicit).is_file():
            raise UsageProblem(f"the CA bundle {explicit} doesn't exist", fix="specify a PEM file")
        return str(Path(explicit).resolve())
    environment = os.environ if environment is None else environment
    for variable in VARIABLES:
        file = environment.get(variable, "")
        if file and Path(file).is_file():
            return str(Path(file).resolve())
    if own is None:
        own = any(ADDED.rglob("*.crt"))
    return str(system) if own and system.is_file() else ""
