"""Records as rows of the history's tables, and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec

from openhqm_tui.domain.checks.layer_manifest import ImageLayer
from openhqm_tui.domain.history.estimate import Sample, samples_of
from openhqm_tui.domain.history.record import (
    LaneRecord,
    RunRecord,
    StepRecord,
    TargetRecord,
    VerdictRecord,
)

# Samples per variant: this many of mostly cached builds, and of the others.
SAMPLES = 8

_RUN = tuple(f for f in RunRecord.__struct_fields__ if f != "targets")
_TARGET = tuple(f for f in TargetRecord.__struct_fields__ if f not in {"lanes", "steps"})
_LANE = tuple(
    f for f in LaneRecord.__struct_fields__ if f not in {"layers", "packages", "verdicts"}
)
_STEP = tuple(f for f in StepRecord.__struct_fields__ if f != "label")
_VERDICT = VerdictRecord.__struct_fields__
_decode = msgspec.json.Decoder(RunRecord).decode
_Struct = TypeVar("_Struct", bound=msgspec.Struct)
# A target is identified by its run and position; a lane by these and its own position.
_TargetKey = tuple[str, int]
_LaneKey = tuple[str, int, int]
_Parts = Mapping[str, Mapping[_TargetKey, list[Any]]]


class Origin(NamedTuple):
    """What is built, and on which machine: other machines have other times."""

    source: str
    context: str
    dockerfile: str
    host: str


def put(connection: sqlite3.Connection, record: RunRecord, events_size: int) -> None:
    """Write a run over its previous state, unless that is later; within a transaction."""
    found = connection.execute("SELECT events_size FROM runs WHERE id = ?", (record.id,)).fetchone()
    if found is not None and found[0] > events_size:
        return
    connection.execute("DELETE FROM runs WHERE id = ?", (record.id,))
    texts = _Texts(connection)
    _insert(
        connection,
        "runs",
        (*_RUN, "events_size", "summary"),
        [(*(_plain(getattr(record, f)) for f in _RUN), events_size, _summary(record))],
    )
    for place, target in enumerate(record.targets):
        key = (record.id, place)
        cached = sum(step.cached for step in target.steps if step.platform)
        steps = sum(bool(step.platform) for step in target.steps)
        row = (*key, *(_plain(getattr(target, f)) for f in _TARGET), steps, cached)
        _insert(connection, "targets", ("run", "place", *_TARGET, "steps", "cached"), [row])
        _insert(
            connection,
            "steps",
            ("run", "target", "place", "label", *_STEP),
            [
                (*key, at, texts.number(step.label), *(getattr(step, f) for f in _STEP))
                for at, step in enumerate(target.steps)
            ],
        )
        for at, lane in enumerate(target.lanes):
            _put_lane(connection, (*key, at), lane, texts)


def _put_lane(
    connection: sqlite3.Connection, key: _LaneKey, lane: LaneRecord, texts: _Texts
) -> None:
    row = (*key, *(getattr(lane, f) for f in _LANE))
    _insert(connection, "lanes", ("run", "target", "place", *_LANE), [row])
    _insert(
        connection,
        "layers",
        ("run", "target", "lane", "place", "digest", "size", "created_by"),
        [
            (*key, at, texts.number(layer.digest), layer.size, texts.number(layer.created_by))
            for at, layer in enumerate(lane.layers)
        ],
    )
    _insert(
        connection,
        "packages",
        ("run", "target", "lane", "name", "version"),
        [(*key, name, version) for name, version in lane.packages.items()],
    )
    _insert(
        connection,
        "verdicts",
        ("run", "target", "lane", "place", *_VERDICT),
        [
            (*key, at, *(getattr(verdict, f) for f in _VERDICT))
            for at, verdict in enumerate(lane.verdicts)
        ],
    )


def runs(connection: sqlite3.Connection, limit: int) -> list[RunRecord]:
    """Return the latest runs with their lanes, without the details of lanes."""
    rows = connection.execute(
        "SELECT summary FROM runs ORDER BY created DESC, id DESC LIMIT ?", (limit,)
    )
    return [_decode(summary) for (summary,) in rows]


def whole_run(connection: sqlite3.Connection, id: str) -> RunRecord | None:
    """Return one run with all details; None if it isn't in the history."""
    where, of = "run = ?", (id,)
    below: dict[str, Mapping[_LaneKey, Any]] = {
        "layers": _layers(connection, of),
        "packages": _packages(connection, of),
        "verdicts": _verdicts(connection, where, of),
    }
    lanes = _lanes(connection, where, of, below)
    parts: _Parts = {"lanes": lanes, "steps": _steps(connection, where, of)}
    found = _runs(connection, "id = ?", of, _targets(connection, where, of, parts))
    return found[0] if found else None


def samples(
    connection: sqlite3.Connection, place: Origin, variants: Collection[str]
) -> list[Sample]:
    """Return the latest samples of some variants, of warm and of cold builds separately.

    So any number of cached builds doesn't hide an earlier cold build.
    """
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS chosen (run TEXT, place INTEGER)")
    connection.execute("DELETE FROM temp.chosen")
    marks = ",".join("?" * len(variants))
    connection.execute(
        f"""
        INSERT INTO temp.chosen SELECT run, place FROM (
            SELECT targets.run, targets.place, ROW_NUMBER() OVER (
                PARTITION BY variant, cached * 10 >= steps * 9 ORDER BY created DESC
            ) AS rank
            FROM targets JOIN runs ON runs.id = targets.run
            WHERE outcome = 'passed' AND NOT imported AND build_seconds > 0
                AND (source, context, dockerfile, host) = (?, ?, ?, ?) AND variant IN ({marks})
        ) WHERE rank <= ?
        """,  # noqa: S608 - only question marks are put in
        (*place, *variants, SAMPLES),
    )
    here = "(run, {}) IN (SELECT run, place FROM temp.chosen)"
    lanes = _lanes(connection, here.format("target"), (), {})
    parts: _Parts = {"lanes": lanes, "steps": _steps(connection, here.format("target"), ())}
    targets = _targets(connection, here.format("place"), (), parts)
    counts: dict[str, int] = dict(
        connection.execute(
            "SELECT run, COUNT(*) FROM targets WHERE run IN (SELECT run FROM temp.chosen) "
            "GROUP BY run"
        )
    )
    found = []
    for run in _runs(connection, "id IN (SELECT run FROM temp.chosen)", (), targets):
        found += samples_of(run, targets=counts[run.id])
    return found


def _runs(
    connection: sqlite3.Connection,
    where: str,
    of: tuple[object, ...],
    targets: Mapping[str, list[TargetRecord]],
) -> list[RunRecord]:
    found = []
    for row in connection.execute(_select("runs", _RUN, where), of):
        fields = dict(zip(_RUN, row, strict=True))
        fields["ended_targets"] = tuple(msgspec.json.decode(fields["ended_targets"]))
        for flag in ("check", "push", "test_only", "imported", "resumable"):
            fields[flag] = bool(fields[flag])
        found.append(RunRecord(**fields, targets=tuple(targets.get(fields["id"], ()))))
    return found


def _targets(
    connection: sqlite3.Connection,
    where: str,
    of: tuple[object, ...],
    parts: _Parts,
) -> dict[str, list[TargetRecord]]:
    found: dict[str, list[TargetRecord]] = {}
    for run, place, *row in connection.execute(
        _select("targets", ("run", "place", *_TARGET), f"{where} ORDER BY run, place"), of
    ):
        fields = dict(zip(_TARGET, row, strict=True))
        fields["tags"] = tuple(msgspec.json.decode(fields["tags"]))
        below: dict[str, Any] = {
            name: tuple(lists.get((run, place), ())) for name, lists in parts.items()
        }
        found.setdefault(run, []).append(TargetRecord(**fields, **below))
    return found


def _lanes(
    connection: sqlite3.Connection,
    where: str,
    of: tuple[object, ...],
    below: Mapping[str, Mapping[_LaneKey, Any]],
) -> dict[_TargetKey, list[LaneRecord]]:
    found: dict[_TargetKey, list[LaneRecord]] = {}
    flag, emulated = _LANE.index("cut_off"), _LANE.index("emulated")
    for run, target, place, *row in connection.execute(
        _select(
            "lanes", ("run", "target", "place", *_LANE), f"{where} ORDER BY run, target, place"
        ),
        of,
    ):
        row[flag] = bool(row[flag])
        row[emulated] = None if row[emulated] is None else bool(row[emulated])
        fields: dict[str, Any] = dict(zip(_LANE, row, strict=True))
        for name, lists in below.items():
            if known := lists.get((run, target, place)):
                fields[name] = known
        lane = LaneRecord(**fields)
        found.setdefault((run, target), []).append(lane)
    return found


def _steps(
    connection: sqlite3.Connection, where: str, of: tuple[object, ...]
) -> dict[_TargetKey, list[StepRecord]]:
    found: dict[_TargetKey, list[StepRecord]] = {}
    columns = ", ".join(f'"{f}"' for f in _STEP)
    for run, target, label, *row in connection.execute(
        f"SELECT run, target, text, {columns} FROM steps JOIN texts ON texts.id = label "  # noqa: S608
        f"WHERE {where} ORDER BY run, target, place",
        of,
    ):
        fields = dict(zip(_STEP, row, strict=True))
        fields["cached"], fields["on_path"] = bool(fields["cached"]), bool(fields["on_path"])
        found.setdefault((run, target), []).append(StepRecord(label=label, **fields))
    return found


def _layers(
    connection: sqlite3.Connection, of: tuple[object, ...]
) -> dict[_LaneKey, tuple[ImageLayer, ...]]:
    found: dict[_LaneKey, list[ImageLayer]] = {}
    for run, target, lane, digest, size, created_by in connection.execute(
        "SELECT run, target, lane, d.text, size, c.text FROM layers JOIN texts AS d "
        "ON d.id = digest JOIN texts AS c ON c.id = created_by WHERE run = ? "
        "ORDER BY run, target, lane, place",
        of,
    ):
        layer = ImageLayer(digest=digest, size=size, created_by=created_by)
        found.setdefault((run, target, lane), []).append(layer)
    return {key: tuple(layers) for key, layers in found.items()}


def _packages(
    connection: sqlite3.Connection, of: tuple[object, ...]
) -> dict[_LaneKey, dict[str, str]]:
    found: dict[_LaneKey, dict[str, str]] = {}
    for run, target, lane, name, version in connection.execute(
        "SELECT run, target, lane, name, version FROM packages WHERE run = ?", of
    ):
        found.setdefault((run, target, lane), {})[name] = version
    return found


def _verdicts(
    connection: sqlite3.Connection, where: str, of: tuple[object, ...]
) -> dict[_LaneKey, tuple[VerdictRecord, ...]]:
    found: dict[_LaneKey, list[VerdictRecord]] = {}
    columns = ("run", "target", "lane", *_VERDICT)
    for run, target, lane, *row in connection.execute(
        _select("verdicts", columns, f"{where} ORDER BY run, target, lane, place"), of
    ):
        verdict = VerdictRecord(**dict(zip(_VERDICT, row, strict=True)))
        found.setdefault((run, target, lane), []).append(verdict)
    return {key: tuple(verdicts) for key, verdicts in found.items()}


class _Texts:
    """The ids of texts; a new text is inserted when its id is requested."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[str, int] = {}

    def number(self, text: str) -> int:
        """Return a text's id."""
        if text not in self._known:
            self._connection.execute("INSERT OR IGNORE INTO texts (text) VALUES (?)", (text,))
            found = self._connection.execute("SELECT id FROM texts WHERE text = ?", (text,))
            self._known[text] = int(found.fetchone()[0])
        return self._known[text]


def _insert(
    connection: sqlite3.Connection,
    table: str,
    columns: Iterable[str],
    rows: Collection[tuple[object, ...]],
) -> None:
    names = [f'"{name}"' for name in columns]
    marks = ",".join("?" * len(names))
    connection.executemany(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})",  # noqa: S608
        rows,
    )


def _select(table: str, columns: Iterable[str], where: str) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f"SELECT {names} FROM {table} WHERE {where}"  # noqa: S608 - our own words only


def _summary(record: RunRecord) -> bytes:
    """Return a run as lists show it, with its lanes: one row to read instead of dozens."""
    targets = tuple(
        msgspec.structs.replace(
            target,
            steps=(),
            lanes=tuple(
                msgspec.structs.replace(lane, layers=(), packages={}, verdicts=())
                for lane in target.lanes
            ),
        )
        for target in record.targets
    )
    return msgspec.json.encode(msgspec.structs.replace(record, targets=targets))


def _plain(value: object) -> object:
    """Return a value that SQLite can store: lists of words as JSON."""
    return msgspec.json.encode(value).decode() if isinstance(value, tuple) else value
