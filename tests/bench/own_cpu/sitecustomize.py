"""Loaded by every Python with this folder on PYTHONPATH: records its CPU time at exit.

Without the variable it does nothing. Only the process itself counts, without its children.
"""

import os

if "BENCH_OWN_CPU" in os.environ:
    import atexit
    import json
    import resource
    import sys
    from pathlib import Path

    def _record(own: int = os.getpid()) -> None:
        # A forked child without an exec doesn't count as a separate process.
        if os.getpid() != own:
            return
        used = resource.getrusage(resource.RUSAGE_SELF)
        record = {"words": sys.orig_argv, "seconds": used.ru_utime + used.ru_stime}
        file = Path(os.environ["BENCH_OWN_CPU"]) / f"{own}.json"
        file.with_suffix(".new").write_text(json.dumps(record), encoding="utf-8")
        file.with_suffix(".new").replace(file)

    atexit.register(_record)
