"""The line of a program's output that states the cause of its failure."""

from __future__ import annotations

import json

import pytest

from openhqm_tui.domain.checks.cause import cause_in, is_logged_as_error, without_minor_lines

SQS = json.dumps(
    {
        "error": "No module named 'openhqm.queue.sqs_queue'",
        "event": "SQS queue not available",
        "level": "warning",
    }
)
TRACE = "Traceback (most recent call last):\n  File 'x.py', line 1, in <module>\n"


@pytest.mark.parametrize(
    ("line", "is_error"),
    [
        # JSON: structlog, python-json-logger, zap, GCP, pino, GELF, ECS, loguru, MongoDB, .NET.
        (SQS, False),
        ('{"levelname": "WARNING", "message": "failed"}', False),
        ('{"level":"error","ts":1.5,"msg":"x"}', True),
        ('{"severity":"ERROR","message":"x"}', True),
        ('{"lvl":"info","msg":"error"}', False),
        ('{"level":40,"msg":"x"}', False),
        ('{"level":50,"msg":"x"}', True),
        ('{"level":3,"short_message":"x"}', True),
        ('{"level":4,"short_message":"x"}', False),
        ('{"log.level":"error","message":"x"}', True),
        ('{"log":{"level":"warn"},"message":"x"}', False),
        ('{"text":"x","record":{"level":{"name":"WARNING","no":30},"message":"x"}}', False),
        ('{"t":{"$date":"2026"},"s":"E","c":"NETWORK","msg":"x"}', True),
        ('{"t":{"$date":"2026"},"s":"W","c":"NETWORK","msg":"x"}', False),
        ('{"EventId":0,"LogLevel":"Warning","Message":"x"}', False),
        ('{"event": "x"}', None),
        ('{"level": "', None),
        ('e": "an error", "level": "warning", "logger": "x"}', False),
        # logfmt: logrus, slog.
        ('time="2026-11-29" level=warning msg="can\'t open"', False),
        ('time=2026-11-29 level=FATAL msg="can\'t open"', True),
        ("level=error", True),
        ("GET /x?level=debug failed", None),
        # Prefixes: Python, uvicorn, gunicorn, Celery.
        ("WARNING:root:failed", False),
        ("ERROR:root:x", True),
        ("WARNING can't open", False),
        ("INFO:     127.0.0.1:1 - failed", False),
        ("2026-11-29 01:00:00,123 - app.main - WARNING - failed", False),
        ("2026-11-29 01:00:00,123 root ERROR x", True),
        ("[2026-11-29 01:00:00 +0000] [7] [INFO] error", False),
        ("[2026-11-29 01:00:00 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:9)", True),
        ("[2026-11-29 01:00:00,123: WARNING/MainProcess] failed", False),
        ("/app/x.py:7: DeprecationWarning: error", False),
        # Java, Kafka, Rust, Go, Ruby, PHP, Node, .NET.
        ("2026-11-29 01:00:00.123 [main] WARN  com.example.App - failed", False),
        ("[2026-11-29 01:00:00,000] ERROR x (kafka.Kafka)", True),
        ("SEVERE: x", True),
        ("[2026-11-29T01:00:00Z WARN  app] failed", False),
        ("2026-11-29T01:00:00.5Z ERROR app: x", True),
        ("2026/11/29 01:00:00 WARN failed key=1", False),
        ("2026-11-29T01:00:00.000Z\twarn\tapp/main.go:7\tfailed", False),
        ("WARN[0000] failed", False),
        ("FATA[0001] x", True),
        ("W1129 01:00:00.000000       1 main.go:7] failed", False),
        ("E1129 01:00:00.000000       1 main.go:7] x", True),
        ("W, [2026-11-29T01:00:00.1 #1]  WARN -- : failed", False),
        ("[2026-11-29T01:00:00+00:00] app.WARNING: failed [] []", False),
        ("[12:00:00.000] ERROR (1): x", True),
        ("warn: Microsoft.Hosting[0] failed", False),
        ("2026-11-29 01:00:00 error: x", True),
        ("(node:1) Warning: failed", False),
        # nginx, Apache, PostgreSQL, MySQL, RabbitMQ, syslog.
        ("2026/11/29 01:00:00 [warn] 1#1: failed", False),
        ("nginx: [emerg] bind() failed", True),
        ("[Sun Nov 29 01:00:00.1 2026] [core:warn] [pid 1] failed", False),
        ("2026-11-29 01:00:00.000 UTC [1] LOG:  failed", False),
        ("2026-11-29 01:00:00.000 UTC [1] FATAL:  x", True),
        ("2026-11-29T01:00:00.1Z 0 [Warning] [MY-010068] [Server] failed", False),
        ("2026-11-29 01:00:00.000000+00:00 [warning] <0.1.0> failed", False),
        ("<4>app: failed", False),
        ("<11>app: x", True),
        ("Nov 29 01:00:00 host app[1]: WARNING: failed", False),
        # No level.
        ("cannot parse INFO", None),
        ("Child process [16] died", None),
        ('127.0.0.1:1 - "GET / HTTP/1.1" 500 Internal Server Error', None),
        ("ModuleNotFoundError: No module named 'x'", None),
        ("", None),
    ],
)
def test_the_level_of_a_line_is_recognized(line: str, is_error: bool | None) -> None:
    assert is_logged_as_error(line) is is_error


@pytest.mark.parametrize(
    ("output", "cause", "is_error"),
    [
        ("", "", False),
        ("one\ntwo\n", "two", False),
        # Lines of a lower level count only if there is no other candidate.
        (f"Child process [16] died\n{SQS}\nready", "Child process [16] died", False),
        (f"can't bind\n{SQS}\n", "can't bind", True),
        (
            f"{SQS}\nready",
            "SQS queue not available: No module named 'openhqm.queue.sqs_queue'",
            False,
        ),
        ('level=fatal msg="no space"\nit failed\n', "no space", True),
        ("ERROR:    no space\nit failed\nINFO:     failed", "ERROR: no space", True),
        # An exception says more than the line that reports it.
        (
            f"ERROR:    {TRACE}KeyError: 'A'\nERROR:    Startup failed. Exiting.",
            "KeyError: 'A'",
            True,
        ),
        (f"WARNING:root:no plugin\n{TRACE}ImportError: p\nit failed", "it failed", True),
        (f"ERROR:root:x\n{TRACE}ImportError: p\nKeyError: 'A'", "KeyError: 'A'", True),
        # The message of a line with fields, and its error.
        ('{"level":"error","msg":"stopped","error":"no space"}', "stopped: no space", True),
        ('{"level":"error","msg":"no space","error":"no space"}', "no space", True),
        ('{"level":50,"msg":"x","err":{"type":"E","message":"no space"}}', "x: no space", True),
        (
            json.dumps({"level": "critical", "event": "x", "exception": f"{TRACE}KeyError: 'A'"}),
            "x: KeyError: 'A'",
            True,
        ),
        (
            '{"level":"error","event":"x","exception":[{"exc_type":"E","exc_value":"no space"}]}',
            "x: no space",
            True,
        ),
        ('time=1 level=error msg="a \\"b\\"" error=c', 'a "b": c', True),
        ('{"level":"error","msg":"\\u001b[31mred\\u202e"}', "red", True),
        ('{"level":"error","code":7}', '{"level":"error","code":7}', True),
        # What a supervisor did isn't an error of the program.
        (
            "[1] [CRITICAL] WORKER TIMEOUT (pid:9)\n[1] [ERROR] Worker (pid:9) was sent SIGKILL!",
            "[1] [ERROR] Worker (pid:9) was sent SIGKILL!",
            False,
        ),
        ("[" * 9000, "[" * 159 + "…", False),
        ("{" * 9000, "{" * 159 + "…", False),
    ],
)
def test_the_cause_is_the_most_likely_line(output: str, cause: str, is_error: bool) -> None:
    found = cause_in(output)
    assert (found.text, found.is_error) == (cause, is_error)


def test_lines_below_error_are_left_out() -> None:
    output = f"WARNING:root:x\n{TRACE}ImportError: p\nready\n{SQS}\nERROR:root:x"
    assert without_minor_lines(output) == "ready\nERROR:root:x"
