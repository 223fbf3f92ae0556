"""`python -m openhqm.api.listener`: serve until told to stop."""

import uvicorn

from openhqm.api.app import create_app
from openhqm.settings import Settings


def main() -> None:
    settings = Settings()
    # The loop and the protocols are named, so that uvicorn need not import what it would find out.
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="on",
    )


if __name__ == "__main__":
    main()
