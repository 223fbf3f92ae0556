"""Found by every Python that has this folder on PYTHONPATH: says at its end what CPU it took.

Without the variable it does nothing. Only the process itself is told of, none of its children.
"""

import os

if "BENCH_OWN_CPU" in os.environ:
    import atexit
    import json
    import resource
    import sys
    from pathlib import Path

    def _tell(own: int = os.getpid()) -> None:
        # A child that was forked and ends without an exec is no process of its own.
        if os.getpid() != own:
            return
        used = resource.getrusage(resource.RUSAGE_SELF)
        told = {"words": sys.orig_argv, "seconds": used.ru_utime + used.ru_stime}
        file = Path(os.environ["BENCH_OWN_CPU"]) / f"{own}.json"
        file.with_suffix(".new").write_text(json.dumps(told), encoding="utf-8")
        file.with_suffix(".new").replace(file)

    atexit.register(_tell)
