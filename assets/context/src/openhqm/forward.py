"""Take messages off the queue and post each to OPENHQM_TARGET_URL."""

import asyncio
from typing import Any

import httpx
import structlog

structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.JSONRenderer(),
    ]
)
log = structlog.get_logger()


async def forward(queue: asyncio.Queue[dict[str, Any]], url: str) -> None:
    async with httpx.AsyncClient(timeout=10) as client:
        while True:
            message = await queue.get()
            try:
                (await client.post(url, json=message)).raise_for_status()
            except httpx.HTTPError as error:
                log.warning("not forwarded", id=message["id"], error=str(error))
            else:
                log.info("forwarded", id=message["id"])
