"""Start the runner as a separate process that outlives the process that started it."""

from __future__ import annotations

import os
import subprocess
import sys

from openhqm_tui.domain.errors import Problem
from openhqm_tui.store.run_folder import RunFolder


def launch(folder: RunFolder, lock: int) -> None:
    """Start a runner on a run folder; it inherits the held `lock`, which is closed here.

    The lock is passed on without a gap, so that the run never looks interrupted. Raises Problem if
    no process can be started.
    """
    try:
        with folder.open_to_write(folder.runner_log) as log:
            subprocess.Popen(
                [sys.executable, "-P", "-m", "openhqm_tui.run.runner", str(folder.path), str(lock)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                start_new_session=True,
            )
    except OSError as error:
        raise Problem(f"the run can't be started ({error.strerror})") from error
    finally:
        os.close(lock)
