"""`python -m openhqm.api.listener`: serve until told to stop."""

import structlog
import uvicorn

from openhqm.api.app import create_app
from openhqm.settings import Settings


def main() -> None:
    settings = Settings()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ]
    )
    structlog.get_logger().info(
        "listening", variant=settings.queue_backend, host=settings.host, port=settings.port
    )
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level,
        loop="asyncio",
        ws="none",
        lifespan="on",
    )


if __name__ == "__main__":
    main()
