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
commands=$(sed -n '/^```sh ci$/,/^```$/{ /^tapir /p }' "$checkout/docs/ci.md")
export commands
unshare --mount --net --pid --fork --kill-child bash -euo pipefail -c '
  mount --bind "$root" "$root"
  mkdir -p "$root/opt/demo"
  touch "$root/usr/local/bin/tapir"
  mount --bind "$program" "$root/usr/local/bin/tapir"
  mount --bind "$checkout/scripts/demo" "$root/opt/demo"
  mount -t proc proc "$root/proc"
  mount -t tmpfs tmpfs "$root/home"
  mount -o remount,ro,bind "$root"
  failures=0
  bare() {
    chroot --userspec=65534:65534 "$root" /usr/bin/env -i -C /opt HOME=/home PATH=/usr/local/bin:/usr/bin:/bin \
      NO_COLOR=1 "$@"
  }
  expect() {
    local code=$1 pattern=$2 line=$3 output actual=0
    output=$(bare bash -c "$line" 2>&1) || actual=$?
    if [[ $actual -eq $code ]] && grep -qE -- "$pattern" <<<"$output"; then
      echo "ok      $line"
    else
      printf "FAILED  %s: exit code %s, expected %s and /%s/\n%s\n" "$line" "$actual" "$code" "$pattern" "$output"
      failures=1
    fi
  }
  [[ -n $commands ]]
  while read -r line; do expect 0 "" "$line"; done <<<"$commands"
  # Without any USB the library that is inside the program must still load.
  expect 0 "No available debug probes" "tapir list"
  expect 2 "missing.elf" "tapir flash -u sim:stm32f407 -t STM32F407VG --pack demo/Tapir.Demo_DFP missing.elf"
  expect 3 "none is connected" "tapir info -W"
  expect 3 "Cannot write /etc/udev" "tapir setup udev --install"
  for _ in 1 2 3 4 5; do
    start=$(date +%s%N)
    bare tapir --version >/dev/null
    echo "tapir --version: $((($(date +%s%N) - start) / 1000000)) ms"
  done
  exit $failures
'
