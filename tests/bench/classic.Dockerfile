# A plain sequential build, as a baseline: pip in the target platform's own stage, nothing shared.
FROM python:3.13-slim AS builder
ARG QUEUE_BACKEND=all
WORKDIR /app
COPY requirements*.txt ./
RUN --mount=type=secret,id=ca-bundle,target=/run/secrets/ca-bundle \
    if [ -s /run/secrets/ca-bundle ]; then export PIP_CERT=/run/secrets/ca-bundle; fi; \
    case "$QUEUE_BACKEND" in \
      minimal) queue="" ;; \
      all) queue=$(for file in requirements-queue-*.txt; do printf -- '-r %s ' "$file"; done) ;; \
      *) queue="-r requirements-queue-$QUEUE_BACKEND.txt" ;; \
    esac; \
    python -m pip install --quiet --no-cache-dir --root-user-action=ignore --prefix=/install -r requirements.txt $queue

FROM python:3.13-slim
ARG QUEUE_BACKEND=all
WORKDIR /app
COPY --from=builder /install /usr/local
COPY src/ /app/src/
ENV OPENHQM_QUEUE_BACKEND=$QUEUE_BACKEND PYTHONPATH=/app/src
LABEL queue.backend=$QUEUE_BACKEND
CMD ["python", "-m", "openhqm.api.listener"]
