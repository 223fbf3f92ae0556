ARG QUEUE_BACKEND=all
FROM python:3.13-slim AS build
ARG QUEUE_BACKEND
ARG TARGETARCH
RUN echo "building $QUEUE_BACKEND for $TARGETARCH" && uname -m
RUN if [ "$QUEUE_BACKEND" = kafka ] && [ "$TARGETARCH" = arm64 ]; then echo "this is why" >&2; exit 7; fi
RUN if [ "$QUEUE_BACKEND" = gcp ]; then echo "sleeping"; sleep 300; fi

# A stand-in for OpenHQM: compiled modules with the names of its core modules, and a healthy service.
FROM build
RUN mkdir -p /app && cd /app && echo ok >health && \
    for core in pydantic_core yaml/_yaml; do \
      mkdir -p $core && cp "$(python -c 'import _bz2; print(_bz2.__file__)')" $core && \
      echo 'from . import _bz2' >$core/__init__.py; \
    done && touch yaml/__init__.py && python -m compileall -q .
ARG QUEUE_BACKEND
ENV OPENHQM_QUEUE_BACKEND=$QUEUE_BACKEND PYTHONPATH=/app
LABEL queue.backend=$QUEUE_BACKEND
WORKDIR /app
USER 1000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health')"]
CMD ["python", "-m", "http.server", "8000"]
