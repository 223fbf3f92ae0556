ARG BASE
FROM ${BASE}
RUN apt-get update -qq && apt-get install -qq --no-install-recommends redis-server util-linux && \
    mkdir /data && chown redis:redis /data
# Starts like the official image: as root, it takes ownership of its folder and switches to another
# user, for which it needs capabilities.
COPY --chmod=755 <<'EOF' /usr/local/bin/docker-entrypoint.sh
#!/bin/sh
set -e
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
  find . \! -user redis -exec chown redis '{}' +
  exec setpriv --reuid=redis --regid=redis --clear-groups -- "$0" "$@"
fi
exec "$@"
EOF
ENV PATH=/usr/local/bin:/usr/bin:/bin
VOLUME /data
WORKDIR /data
EXPOSE 6379
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["redis-server"]
