"""The application: /health, /messages, /metrics."""

import asyncio
import contextlib
import platform
import uuid
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, HTTPException, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest

from openhqm import __version__, clients
from openhqm.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(settings.queue_size)
    registry = CollectorRegistry()
    accepted = Counter("openhqm_messages_accepted", "Messages put on the queue", registry=registry)
    Gauge("openhqm_queue_depth", "Messages waiting", registry=registry).set_function(queue.qsize)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker = None
        if settings.target_url:
            from openhqm.forward import forward

            worker = asyncio.create_task(forward(queue, settings.target_url))
        yield
        if worker:
            worker.cancel()

    app = FastAPI(title="OpenHQM", version=__version__, lifespan=lifespan)
    missing = clients.missing(settings.queue_backend)
    health = {
        "status": "degraded" if missing else "ok",
        "version": __version__,
        "variant": settings.queue_backend,
        "machine": platform.machine(),
        "python": platform.python_version(),
        "clients": clients.installed(),
        "missing": missing,
    }

    def require_queue() -> None:
        if settings.queue_backend != "minimal":
            # The reference service contains the clients, but has no broker to use them with.
            raise HTTPException(503, "no broker configured")

    # Handlers are coroutines: a plain function would start a thread for each call.
    @app.get("/health")
    async def get_health(response: Response) -> dict[str, Any]:
        response.status_code = 503 if missing else 200
        return health

    @app.post("/messages", status_code=202)
    async def put_message(payload: dict[str, Any]) -> dict[str, Any]:
        require_queue()
        message = {"id": str(uuid.uuid4()), "payload": payload}
        try:
            queue.put_nowait(message)
        except asyncio.QueueFull:
            raise HTTPException(429, "queue is full") from None
        accepted.inc()
        return {"id": message["id"], "waiting": queue.qsize()}

    @app.get("/messages")
    async def take_message() -> dict[str, Any]:
        require_queue()
        try:
            return queue.get_nowait()
        except asyncio.QueueEmpty:
            raise HTTPException(404, "queue is empty") from None

    @app.get("/metrics")
    async def get_metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return app
