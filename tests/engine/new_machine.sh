#!/bin/bash
# A new machine inside this one: a bare Debian in its own namespaces, where
# `openhqm-tui doctor --fix --yes` must set up a complete engine, and a second run change nothing.
#
#   tests/engine/new_machine.sh [SUITE]        SUITE: bookworm (default) or trixie
#   KEEP=1    keep the root file system (its path is printed)
#   OLD_ENGINE=1 install and start the suite's own engine first: it must be updated (bookworm)
#   CACHE=DIR keep the unpacked suite here between runs (default: none)
#
# Needs root, mmdebstrap, iptables, ip, and PyPI for the dependencies; takes two to three
# minutes. It has its own mounts, processes, host name and network (a veth pair, translated),
# so an engine on this machine isn't affected. Only binfmt_misc is shared, because the kernel has
# one; registrations made during the test are removed again. Everything started here ends with
# the first process of the namespace.
set -euo pipefail

suite=${1:-bookworm}
repo=$(cd "$(dirname "$0")/../.." && pwd)
python=${PYTHON:-$repo/.venv/bin/python}
case $suite in bookworm) version=3.11 ;; trixie) version=3.13 ;; *) echo "unknown suite: $suite" >&2; exit 2 ;; esac
[ "$(id -u)" = 0 ] || { echo "needs root" >&2; exit 2; }

work=$(mktemp -d /var/tmp/new-machine.XXXXXX)
root=$work/root
name=nm$$
net=10.213.$(($$ % 200)).0/30
host_ip=${net%.*}.1 guest_ip=${net%.*}.2
binfmt=/proc/sys/fs/binfmt_misc
formats_before=$(ls $binfmt 2>/dev/null || true)
rules_set=

clean() {
  set +e
  if [ -n "$rules_set" ]; then
    iptables -t nat -D POSTROUTING -s "$net" ! -o "$name" -j MASQUERADE
    iptables -D FORWARD -i "$name" -j ACCEPT
    iptables -D FORWARD -o "$name" -j ACCEPT
  fi
  ip link del "$name" 2>/dev/null
  ip netns del "$name" 2>/dev/null
  for format in $(ls $binfmt 2>/dev/null); do
    case " $(echo $formats_before) " in *" $format "*) ;; *) echo -1 > "$binfmt/$format" ;; esac
  done
  if [ -n "${KEEP:-}" ]; then echo "kept: $root"; else rm -rf --one-file-system "$work"; fi
}
trap clean EXIT

echo "== a bare Debian $suite"
# The mirror is that of this machine's apt.
mirror=$("$python" - <<'PY'
from pathlib import Path
from openhqm_tui.engine.doctor.apt import main_archive, read_archives
from openhqm_tui.engine.doctor.machine import read_machine
archive = main_archive(read_archives(Path("/etc/apt")), read_machine().codename)
print(archive.uri if archive else "")
PY
)
[ -n "$mirror" ] || { echo "no Debian archive in apt's sources" >&2; exit 1; }
tar=${CACHE:+$CACHE/$suite.tar}
tar=${tar:-$work/$suite.tar}
if ! [ -s "$tar" ]; then
  keyring=/usr/share/keyrings/debian-archive-$suite-automatic.gpg
  mmdebstrap --quiet --variant=minbase --format=tar --include=python3,ca-certificates,iproute2 \
    --keyring="$keyring" "$suite" "$tar.part" "$mirror" && mv "$tar.part" "$tar"
fi
mkdir -p "$root"
tar -xf "$tar" -C "$root"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
# The owner's settings of apt (proxies, dates), without those of packages.
for conf in /etc/apt/apt.conf.d/*; do
  dpkg-query -S "$conf" >/dev/null 2>&1 || cp "$conf" "$root/etc/apt/apt.conf.d/"
done
# The certificates of a company, as on its machines.
if [ -d /usr/local/share/ca-certificates ]; then
  cp -rT /usr/local/share/ca-certificates "$root/usr/local/share/ca-certificates"
fi
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
"$python" -m pip install --quiet --disable-pip-version-check --target "$root/opt/openhqm-tui" \
  --python-version "$version" --only-binary :all: msgspec platformdirs rich python-on-whales textual
cp -r "$repo/openhqm_tui" "$root/opt/openhqm-tui/"
# As in the wheel.
mkdir -p "$root/opt/openhqm-tui/openhqm_tui/bundled/assets"
cp "$repo/Dockerfile" "$root/opt/openhqm-tui/openhqm_tui/bundled/"
cp -r "$repo/assets/context" "$root/opt/openhqm-tui/openhqm_tui/bundled/assets/context"

echo "== its network"
ip netns add "$name"
ip link add "$name" type veth peer name eth0 netns "$name"
ip addr add "$host_ip/30" dev "$name"
ip link set "$name" up
ip -n "$name" addr add "$guest_ip/30" dev eth0
ip -n "$name" link set eth0 up
ip -n "$name" link set lo up
ip -n "$name" route add default via "$host_ip"
echo 1 > /proc/sys/net/ipv4/ip_forward
rules_set=1
iptables -t nat -A POSTROUTING -s "$net" ! -o "$name" -j MASQUERADE
iptables -I FORWARD -i "$name" -j ACCEPT
iptables -I FORWARD -o "$name" -j ACCEPT

cat > "$root/inside.sh" <<'INSIDE'
set -eu
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
export PYTHONPATH=/opt/openhqm-tui PYTHONDONTWRITEBYTECODE=1
doctor() { python3 -m openhqm_tui.cli.commands.doctor "$@"; }
seconds() { date +%s.%N; }
took() { awk -v a="$1" -v b="$(seconds)" 'BEGIN { printf "   (%.1f s)\n", b - a }'; }
# Everything that a run could change: packages, apt, configuration, processes, images.
snapshot() {
  dpkg-query -W
  find /etc/apt /etc/docker /etc/passwd /etc/group -type f -exec sha256sum {} + | sort
  for comm in /proc/[0-9]*/comm; do
    case $(cat "$comm" 2>/dev/null) in dockerd|containerd) echo "$comm" ;; esac
  done
  docker images --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}'
  ls /proc/sys/fs/binfmt_misc
}
stop() {
  for daemon in dockerd containerd; do
    for comm in /proc/[0-9]*/comm; do
      [ "$(cat "$comm" 2>/dev/null)" = "$daemon" ] || continue
      pid=${comm#/proc/}; pid=${pid%/comm}
      kill "$pid"
      while [ -d "/proc/$pid" ] && ! grep -qs '^State:.Z' "/proc/$pid/status"; do sleep 0.1; done
    done
  done
}

if [ -n "${OLD_ENGINE:-}" ]; then
  echo "== an old engine that runs"
  printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io >/dev/null
  setsid containerd >/dev/null 2>&1 </dev/null &
  until [ -S /run/containerd/containerd.sock ]; do sleep 0.1; done
  setsid dockerd >/dev/null 2>&1 </dev/null &
  tries=0
  until docker info >/dev/null 2>&1; do
    tries=$((tries + 1)); [ "$tries" -lt 300 ]; sleep 0.1
  done
  docker version --format '{{.Server.Version}}'
  rm /usr/sbin/policy-rc.d
fi
echo "== doctor on a bare machine (must end with 3, and change nothing)"
start=$(seconds); doctor && exit 1 || [ $? = 3 ]; took "$start"
echo "== doctor --fix without --yes, no terminal (must refuse with 2)"
doctor --fix </dev/null && exit 1 || [ $? = 2 ]
echo "== doctor --fix --yes"
start=$(seconds); doctor --fix --yes; took "$start"
snapshot > /before
echo "== again: nothing changes"
start=$(seconds); doctor --fix --yes; took "$start"
snapshot > /after
diff /before /after || exit 1
echo "nothing changed"
[ ! -e /usr/sbin/policy-rc.d ]
echo "== one more emulator, switched off before"
update-binfmts --disable qemu-s390x
python3 - <<'PY'
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.doctor.emulators import emulator_fix, runnable
from openhqm_tui.engine.doctor.machine import ask_apt, read_machine
from openhqm_tui.engine.doctor.apply import apply_fixes
s390x = Platform("linux", "s390x")
assert not runnable(s390x, read_machine())
assert apply_fixes([emulator_fix((s390x,), ask_apt(read_machine()))], say=print)
assert runnable(s390x, read_machine())
PY
echo "== both platforms run"
for platform in linux/amd64 linux/arm64; do
  docker run --rm --platform "$platform" openhqm-base:3.13-debian \
    python3 -c 'import platform; print(platform.machine(), platform.python_version())'
done
echo "== after a power cut: engine and containerd are gone, images must be back"
stop
doctor >/dev/null && exit 1 || [ $? = 3 ]
start=$(seconds); doctor --fix --yes; took "$start"
docker images | grep -q openhqm-base
echo "== a configuration of one's own, without the containerd store"
printf '{"log-level": "warn", "features": {"buildkit": true, "containerd-snapshotter": false}}' > /etc/docker/daemon.json
stop
doctor --fix --yes
cat /etc/docker/daemon.json
grep -q '"log-level": "warn"' /etc/docker/daemon.json
docker images | grep -q openhqm-base
echo "== a build of both platforms, with checks"
mkdir -p /tmp/empty && cd /tmp/empty
start=$(seconds)
export SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
python3 -m openhqm_tui build --backend minimal --platforms linux/amd64,linux/arm64 --format plain || { tail -c 3000 /root/.local/state/openhqm-tui/runs/*/minimal.log; exit 1; }
took "$start"
stop
echo "== well"
INSIDE

echo "== inside"
# --kill-child: all remaining processes end with this one.
# (nsenter, because `ip netns exec` would mount a new /sys over the control groups.)
nsenter --net="/run/netns/$name" unshare --mount --pid --uts --ipc --fork --kill-child --propagation private \
  sh -eu -c '
    root=$1
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount -t sysfs sysfs "$root/sys"
    mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup" 2>/dev/null || true
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/run"
    mount -t tmpfs tmpfs "$root/tmp"
    hostname new-machine
    exec chroot "$root" env -i TERM=dumb OLD_ENGINE="${OLD_ENGINE:-}" sh /inside.sh' sh "$root"
