"""python-on-whales, the client of the engine, and the list of what it can't do.

Containers, images and builders are listed, inspected, removed and selected through `with_docker`.
These commands are run without it:

- `docker info`, `docker buildx inspect`, `docker image inspect`: run side by side at every start,
  in less time than importing the library takes (0.2 s). Its `system.info` raises if the engine
  doesn't respond, although the client's part is known; its `image.inspect` has no `--platform`.
- `docker buildx ls`: its `Builder` omits the errors of a builder and of its nodes, and which
  builder is the current one.
- `docker ps`: run by every build. One call shows the labels; the library inspects each container.
- `docker buildx bake`, `docker push`, `docker pull`: cancelled with the run by signals to their
  process group; the library gives no handle on its process. The kernel writes the output of the
  first two straight to a file, and the journal records the process id of a push.
- `docker run`: output is limited and the process is stopped if it exceeds the limit. The
  library's `container.run` passes stderr on to the terminal, or streams without a limit.
- `docker image save`: its `image.save` has no `--platform`, and copies what is piped here.
- `docker buildx imagetools`: digests are computed from the exact bytes, which it decodes. Its
  `create` has no `--prefer-index`, its `inspect` no `--builder`, and its `Manifest` rejects an
  index without the optional `mediaType`.
- `docker buildx create`, `docker buildx inspect`: the user can stop them, and sees each as it
  runs. Its `create` lists all builders afterwards, which waits for nodes that don't respond.
- `docker buildx rm`, `docker buildx use`: only shown; the library runs them.
- `docker system dial-stdio`: the way to the Engine API for the index, the history, the layers and
  the config per platform, which no command shows.

Doctor's fixes are shell scripts: they run as they are shown. `tests/engine/test_client.py` compares
this list with the code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from openhqm_tui.engine.docker import command
from openhqm_tui.engine.docker.command import CommandResult

if TYPE_CHECKING:
    from python_on_whales import DockerClient

T = TypeVar("T")


class CommandError(Exception):
    """A command of the client failed, or printed something that can't be read."""

    def __init__(self, result: CommandResult) -> None:
        super().__init__(result.last_words)
        self.result = result


def with_docker(action: Callable[[DockerClient], T], *, timeout: float) -> T:
    """Return the result of `action`, called with a client; blocks. Raises CommandError.

    The library has no timeouts, so `command` runs each of its commands and kills it, with its
    children, after `timeout` seconds. Context, engine and builder are those that `docker` uses.
    """
    # Imported here: it takes 0.2 s, and few runs need it.
    from python_on_whales import DockerClient
    from python_on_whales.exceptions import DockerException

    bounded = [sys.executable, "-P", "-m", command.__name__, f"{timeout:g}", "docker"]
    try:
        return action(DockerClient(client_call=bounded))
    except DockerException as error:
        result = CommandResult(error.return_code, error.stdout or "", error.stderr or "")
        # Its message has the whole command and output, which may contain a secret.
        raise CommandError(result) from None
    except ValueError as error:
        # Of JSON, or of the library's models.
        raise CommandError(
            CommandResult(1, "", "the output of `docker` can't be parsed")
        ) from error
