"""`python -m openhqm.api.listener`: serve until told to stop."""

import gc


def main() -> None:
    # Nothing of what a start imports becomes garbage: looking for it would take a tenth of the time.
    gc.disable()
    import uvicorn

    from openhqm.api.app import create_app
    from openhqm.settings import Settings

    settings = Settings()
    app = create_app(settings)
    gc.freeze()
    gc.enable()
    # The loop and the protocols are named, so that uvicorn need not import what it would find out.
    uvicorn.run(
        app,
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
