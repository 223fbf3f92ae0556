# Starts as the official image does: as root, it takes its folder and becomes another user, for which
# it needs capabilities.
RUN grep -q '^redis:' /etc/passwd || echo 'redis:x:990:990::/data:/bin/sh' >> /etc/passwd; \
    grep -q '^redis:' /etc/group || echo 'redis:x:990:' >> /etc/group; \
    mkdir -p /data && chown redis:redis /data
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
