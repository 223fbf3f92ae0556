# A classic Dockerfile: apt-get and pip run emulated, on the target's own platform.
ARG BASE
FROM ${BASE}
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-tools > /dev/null; times
WORKDIR /app
RUN --mount=type=secret,id=ca-bundle,target=/run/secrets/ca-bundle \
    if [ -s /run/secrets/ca-bundle ]; then export PIP_CERT=/run/secrets/ca-bundle; fi; \
    python3 -m venv /app/venv \
    && /app/venv/bin/pip install --quiet --no-cache-dir fastapi uvicorn redis; times
RUN /app/venv/bin/python -c "import fastapi, uvicorn, redis"; times
CMD ["/app/venv/bin/uvicorn", "app:app"]
