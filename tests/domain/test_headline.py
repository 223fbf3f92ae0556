"""The line that is quoted from a failed step's output."""

# ruff: noqa: E501 - output as the tools print it

from __future__ import annotations

from textwrap import dedent

import pytest

from openhqm_tui.domain.failures.headline import headline_of

OUTPUTS = [
    (
        "pip: no such version",
        """
        Collecting flask
          Downloading flask-3.1.0-py3-none-any.whl (102 kB)
        ERROR: Could not find a version that satisfies the requirement nosuch==9 (from versions: none)
        ERROR: No matching distribution found for nosuch==9
        """,
        "ERROR: Could not find a version that satisfies the requirement nosuch==9"
        " (from versions: none)",
    ),
    (
        "pip: a wheel that doesn't build",
        """
        Building wheels for collected packages: gssapi
          Building wheel for gssapi (pyproject.toml): started
          Building wheel for gssapi (pyproject.toml): finished with status 'error'
          error: subprocess-exited-with-error

          × Building wheel for gssapi (pyproject.toml) did not run successfully.
          │ exit code: 1
          ╰─> [9 lines of output]
              running bdist_wheel
              gcc -fPIC -I/usr/include -c gssapi/raw/misc.c -o misc.o
              gssapi/raw/misc.c:1:10: fatal error: gssapi/gssapi.h: No such file or directory
                  1 | #include <gssapi/gssapi.h>
              compilation terminated.
              error: command '/usr/bin/gcc' failed with exit code 1
              [end of output]

          note: This error originates from a subprocess, and is likely not a problem with pip.
          ERROR: Failed building wheel for gssapi
        ERROR: Failed to build installable wheels for some pyproject.toml based projects (gssapi)
        """,
        "gssapi/raw/misc.c:1:10: fatal error: gssapi/gssapi.h: No such file or directory",
    ),
    (
        "pip: no connection",
        """
        WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('x')': /simple/
        ERROR: Could not find a version that satisfies the requirement x (from versions: none)
        """,
        "connection broken by 'NewConnectionError('x')': /simple/",
    ),
    (
        "uv: no solution",
        """
        Using Python 3.13.5 environment at: /usr
          × No solution found when resolving dependencies:
          ╰─▶ Because there is no version of nosuch==9 and you require nosuch==9, we
              can conclude that your requirements are unsatisfiable.
        """,
        "No solution found when resolving dependencies: Because there is no version of nosuch==9"
        " and you require nosuch==9, we can conclude that your requirements are unsatisfiable.",
    ),
    (
        "uv: no connection",
        """
        error: Failed to fetch: `https://pypi.example/simple/flask/`
          Caused by: Request failed after 3 retries
          Caused by: dns error: failed to lookup address information
        """,
        "error: Failed to fetch: `https://pypi.example/simple/flask/` Caused by: Request failed"
        " after 3 retries Caused by: dns error: failed to lookup address information",
    ),
    (
        "npm: not found",
        """
        npm error code E404
        npm error 404 Not Found - GET https://registry.example/nosuch - Not found
        npm error 404
        npm error 404  'nosuch@*' is not in this registry.
        npm error A complete log of this run can be found in: /root/.npm/_logs/x.log
        """,
        "npm error 404 Not Found - GET https://registry.example/nosuch - Not found",
    ),
    (
        "npm: a script fails",
        """
        > app@1.0.0 build
        > tsc

        src/index.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.
        npm error Lifecycle script `build` failed with error:
        npm error code 2
        npm error path /app
        """,
        "src/index.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.",
    ),
    (
        "npm: the lock file",
        """
        npm warn deprecated inflight@1.0.6: This module is not supported
        npm error code EUSAGE
        npm error
        npm error `npm ci` can only install packages when your package.json and package-lock.json are in sync.
        npm error
        """,
        "npm error `npm ci` can only install packages when your package.json and package-lock.json"
        " are in sync.",
    ),
    (
        "apt: no such package",
        """
        Reading package lists...
        Building dependency tree...
        E: Unable to locate package nosuch
        """,
        "E: Unable to locate package nosuch",
    ),
    (
        "apt: no connection",
        """
        Ign:1 http://deb.example/debian trixie InRelease
        Err:1 http://deb.example/debian trixie InRelease
          Temporary failure resolving 'deb.example'
        W: Failed to fetch http://deb.example/debian/dists/trixie/InRelease  Temporary failure resolving 'deb.example'
        E: Package 'curl' has no installation candidate
        """,
        "Failed to fetch http://deb.example/debian/dists/trixie/InRelease"
        " Temporary failure resolving 'deb.example'",
    ),
    (
        "apt: a package that can't be configured",
        """
        Setting up foo (1.0) ...
        dpkg: error processing package foo (--configure):
         installed foo package post-installation script subprocess returned error exit status 1
        Errors were encountered while processing:
         foo
        E: Sub-process /usr/bin/dpkg returned an error code (1)
        """,
        "dpkg: error processing package foo (--configure):",
    ),
    (
        "apk: no such package",
        """
        fetch https://dl-cdn.example/alpine/v3.22/main/x86_64/APKINDEX.tar.gz
        ERROR: unable to select packages:
          nosuch (no such package):
            required by: world[nosuch]
        """,
        "ERROR: unable to select packages: nosuch (no such package): required by: world[nosuch]",
    ),
    (
        "Go: a compiler error",
        """
        go: downloading golang.org/x/text v0.3.0
        # example.com/app
        ./main.go:5:2: undefined: x
        ./main.go:6:2: undefined: y
        """,
        "./main.go:5:2: undefined: x",
    ),
    (
        "Go: no such module",
        "go: example.com/nosuch@v1.0.0: unrecognized import path",
        "go: example.com/nosuch@v1.0.0: unrecognized import path",
    ),
    (
        "Cargo",
        """
           Compiling app v0.1.0 (/app)
        warning: unused variable: `y`
         --> src/main.rs:1:9
        error[E0425]: cannot find value `x` in this scope
         --> src/main.rs:2:20
        error: could not compile `app` (bin "app") due to 1 previous error
        """,
        "error[E0425]: cannot find value `x` in this scope",
    ),
    (
        "CMake",
        """
        -- The C compiler identification is GNU 14.2.0
        CMake Error at CMakeLists.txt:3 (find_package):
          Could not find a package configuration file provided by "Nosuch" with any
          of the following names:

            NosuchConfig.cmake
        -- Configuring incomplete, errors occurred!
        """,
        "CMake Error at CMakeLists.txt:3 (find_package): Could not find a package configuration file"
        ' provided by "Nosuch" with any of the following names:',
    ),
    (
        "make: a compiler error",
        """
        cc -c main.c
        main.c: In function 'main':
        main.c:3:5: error: 'x' undeclared (first use in this function)
        make: *** [Makefile:2: main.o] Error 1
        """,
        "main.c:3:5: error: 'x' undeclared (first use in this function)",
    ),
    (
        "make: no rule",
        "make: *** No rule to make target 'nosuch'.  Stop.",
        "make: *** No rule to make target 'nosuch'.  Stop.".replace("  ", " "),
    ),
    (
        "a linker",
        """
        /usr/bin/ld: /tmp/cc.o: in function `main':
        main.c:(.text+0x5): undefined reference to `nosuch'
        collect2: error: ld returned 1 exit status
        """,
        "main.c:(.text+0x5): undefined reference to `nosuch'",
    ),
    (
        "a traceback",
        """
        Traceback (most recent call last):
          File "/app/x.py", line 1, in <module>
            import nosuch
        ModuleNotFoundError: No module named 'nosuch'
        """,
        "ModuleNotFoundError: No module named 'nosuch'",
    ),
    (
        "a chain of tracebacks",
        """
        Traceback (most recent call last):
          File "/app/x.py", line 3, in <module>
        KeyError: 'a'

        During handling of the above exception, another exception occurred:

        Traceback (most recent call last):
          File "/app/x.py", line 5, in <module>
        app.errors.ConfigError: the key 'a' is missing
        """,
        "app.errors.ConfigError: the key 'a' is missing",
    ),
    (
        "a shell",
        "/bin/sh: 1: nosuch: not found",
        "/bin/sh: 1: nosuch: not found",
    ),
    (
        "a script",
        "./build.sh: line 3: nosuch: command not found",
        "./build.sh: line 3: nosuch: command not found",
    ),
    (
        "core utilities",
        "cp: cannot stat 'nosuch': No such file or directory",
        "cp: cannot stat 'nosuch': No such file or directory",
    ),
    (
        "curl",
        "curl: (22) The requested URL returned error: 404",
        "curl: (22) The requested URL returned error: 404",
    ),
    (
        "Git",
        """
        Cloning into 'x'...
        fatal: repository 'https://git.example/x/' not found
        """,
        "fatal: repository 'https://git.example/x/' not found",
    ),
    (
        "QEMU",
        """
        Setting up libc-bin (2.41-12) ...
        qemu: uncaught target signal 11 (Segmentation fault) - core dumped
        Segmentation fault (core dumped)
        """,
        "qemu: uncaught target signal 11 (Segmentation fault) - core dumped",
    ),
    ("another machine", "exec /b: exec format error", "exec /b: exec format error"),
    (
        "Maven",
        """
        [INFO] Compiling 1 source file
        [ERROR] COMPILATION ERROR :
        [ERROR] /app/src/main/java/App.java:[3,9] cannot find symbol
        [ERROR] Failed to execute goal org.apache.maven.plugins:maven-compiler-plugin
        """,
        "[ERROR] /app/src/main/java/App.java:[3,9] cannot find symbol",
    ),
    (
        "Rust panics",
        """
        thread 'main' panicked at src/main.rs:2:5:
        index out of bounds: the len is 0 but the index is 1
        """,
        "thread 'main' panicked at src/main.rs:2:5: index out of bounds: the len is 0 but the index"
        " is 1",
    ),
    (
        "a traced script",
        """
        + rm nosuch
        rm: cannot remove 'nosuch': No such file or directory
        + true
        + ./configure
        configure: error: no acceptable C compiler found in $PATH
        """,
        "configure: error: no acceptable C compiler found in $PATH",
    ),
    (
        "unknown tool",
        """
        step one
        Frobnication error: the gizmo is missing
        giving up
        """,
        "Frobnication error: the gizmo is missing",
    ),
    ("no error", "one\ntwo", ""),
    ("nothing", "", ""),
    ("no errors were found", "0 errors, 0 warnings", ""),
]


@pytest.mark.parametrize(
    ("output", "headline"), [case[1:] for case in OUTPUTS], ids=[case[0] for case in OUTPUTS]
)
def test_the_first_real_error_is_quoted(output: str, headline: str) -> None:
    assert headline_of(dedent(output).strip("\n").splitlines()) == headline


def test_a_long_line_is_cut() -> None:
    assert len(headline_of(["E: " + "x" * 9_000])) == 300
