"""`python -m openhqm.api.listener`: serve until stopped."""

import gc


def main() -> None:
    # Imports create almost no garbage, and collecting would take a tenth of the startup time.
    gc.disable()
    import uvicorn

    from openhqm.api.app import create_app
    from openhqm.settings import Settings

    settings = Settings()
    app = create_app(settings)
    gc.freeze()
    gc.enable()
    # With loop and protocols given, uvicorn doesn't import the modules that detect them.
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
