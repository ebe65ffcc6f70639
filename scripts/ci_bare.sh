#!/usr/bin/env bash
# ci_bare.sh PROGRAM [FOLDER]: runs the standalone program in a bare Debian, as docs/ci.md promises: no Deno, no Node, no
# libusb, an empty home, a read-only file system, no network, an ordinary user. FOLDER keeps the Debian for the next run.
# Needs root (or a container that is), debootstrap and unshare.
set -euo pipefail
program=$(realpath "$1")
checkout=$(cd "$(dirname "$0")/.." && pwd)
folder=${2:-${XDG_CACHE_HOME:-$HOME/.cache}/tapir-ci}
mkdir -p "$folder"
root=$folder/bare
if [[ ! -f $root.done ]]; then
  rm -rf "$root"
  debootstrap --variant=minbase stable "$root" ${DEBIAN_MIRROR:-} >"$root.log" 2>&1 ||
    { tail "$root.log" && exit 1; }
  touch "$root.done"
fi
if find "$root" -name 'libusb*' -not -path '*/proc/*' | grep -q .; then
  echo "ci_bare: this Debian has libusb" >&2
  exit 1
fi

# Everything below happens in namespaces of its own: mounts and network vanish with it.
export program checkout root
unshare --mount --net --pid --fork --kill-child bash -euo pipefail -c '
  mount --bind "$root" "$root"
  mkdir -p "$root/opt/tapir" "$root/opt/demo"
  touch "$root/opt/tapir/tapir"
  mount --bind "$program" "$root/opt/tapir/tapir"
  mount --bind "$checkout/scripts/demo" "$root/opt/demo"
  mount -t proc proc "$root/proc"
  mount -t tmpfs tmpfs "$root/home"
  mount -o remount,ro,bind "$root"
  failures=0
  expect() {
    local code=$1 pattern=$2 output actual=0
    shift 2
    output=$(chroot --userspec=65534:65534 "$root" /usr/bin/env -i HOME=/home PATH=/usr/bin:/bin NO_COLOR=1 \
      /opt/tapir/tapir "$@" 2>&1) || actual=$?
    if [[ $actual -eq $code ]] && grep -qE -- "$pattern" <<<"$output"; then
      echo "ok      tapir $*"
    else
      printf "FAILED  tapir %s: exit code %s, expected %s and /%s/\n%s\n" "$*" "$actual" "$code" "$pattern" "$output"
      failures=1
    fi
  }
  chip=(-u sim:stm32f407 -t STM32F407VG --pack /opt/demo/Tapir.Demo_DFP)
  expect 0 "^[0-9]+\.[0-9]+\.[0-9]+" --version
  # Without any USB the library that is inside the program must still load.
  expect 0 "No available debug probes" list
  expect 0 "Cortex-M4" info "${chip[@]}"
  expect 0 "verified" flash "${chip[@]}" /opt/demo/blinky.elf
  expect 2 "missing.elf" flash "${chip[@]}" missing.elf
  expect 3 "none is connected" info -W
  expect 3 "Cannot write /etc/udev" setup udev --install
  for _ in 1 2 3 4 5; do
    start=$(date +%s%N)
    chroot --userspec=65534:65534 "$root" /usr/bin/env -i HOME=/home /opt/tapir/tapir --version >/dev/null
    echo "tapir --version: $((($(date +%s%N) - start) / 1000000)) ms"
  done
  exit $failures
'
