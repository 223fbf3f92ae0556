ARG QUEUE_BACKEND=all
FROM python:3.13-slim AS build
ARG QUEUE_BACKEND
ARG TARGETARCH
RUN echo "building $QUEUE_BACKEND for $TARGETARCH" && uname -m
RUN if [ "$QUEUE_BACKEND" = kafka ] && [ "$TARGETARCH" = arm64 ]; then echo "this is why" >&2; exit 7; fi
RUN if [ "$QUEUE_BACKEND" = gcp ]; then echo "sleeping"; sleep 300; fi

FROM build
ARG QUEUE_BACKEND
ENV OPENHQM_QUEUE_BACKEND=$QUEUE_BACKEND
LABEL queue.backend=$QUEUE_BACKEND
USER 1000
