#!/usr/bin/env bash
# Everything about USB and the standalone program that needs no hardware, on a Debian with apt-get, npm and PyPI at hand:
#   1  the real libusb against simulated probes (umockdev), with its hazards and its speed
#   2  the standalone program on a stock Debian kernel in QEMU
#   3  OpenOCD and pyOCD on the simulated probe
#   4  the standalone program in a bare Debian
#   5  a release is bundled, and libusb is there for those of other machines
# Fails when any of them fails. `ci_usb.sh setup` only installs what they need.
set -euo pipefail
cd "$(dirname "$0")/.."
export NO_COLOR=1 DENO_NO_UPDATE_CHECK=1 DEBIAN_FRONTEND=noninteractive
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tapir-ci
if command -v deno >/dev/null; then deno=(deno); else deno=(npx -y deno); fi

setup() {
  apt-get install -y -qq --no-install-recommends libusb-1.0-0 umockdev gcc libc6-dev openocd qemu-system-x86 \
    busybox-static kmod cpio xz-utils debootstrap python3-venv procps util-linux >/dev/null
  mkdir -p "$cache"
  if [[ ! -x $cache/pyocd/bin/pyocd ]]; then
    python3 -m venv "$cache/pyocd"
    "$cache/pyocd/bin/pip" install -q pyocd
  fi
}

# The program: built before by .ci/run, or here.
program() {
  scripts/fetch_libusb.sh
  if [[ -x ../shared/tools/get-denort && -z ${DENORT_BIN:-} ]]; then
    DENORT_BIN=$(../shared/tools/get-denort)
    export DENORT_BIN TAPIR_COMPILER="npx -y deno@2.8.3"
  fi
  "${deno[@]}" task compile
}

failures=0
step() {
  local name=$1 start=$SECONDS
  shift
  echo "== $name"
  if "$@"; then
    echo "-- ok: $name ($((SECONDS - start)) s)"
  else
    echo "-- FAILED: $name ($((SECONDS - start)) s)"
    failures=$((failures + 1))
  fi
}

# test FILE…: no test may be skipped here.
test_files() {
  local log code=0
  log=$(mktemp)
  TAPIR_PYOCD=$cache/pyocd/bin/pyocd "${deno[@]}" test -A --no-check "$@" 2>&1 | tee "$log" || code=$?
  if grep -qE '[1-9][0-9]* ignored' "$log"; then code=1; fi
  rm -f "$log"
  return "$code"
}

step "setup" setup
if [[ ${1:-} == setup ]]; then exit "$failures"; fi
step "program" program
step "rung 1: libusb" test_files tests/usb/rung1_test.ts tests/usb/rung1_discovery_test.ts tests/usb/hotplug_test.ts
step "rung 1: speed" test_files tests/usb/rung1_speed.ts
step "rung 2: kernel" "${deno[@]}" run -A --no-check tests/usb/rung2.ts
step "rung 3: other debuggers" test_files tests/usb/rung3.ts
step "bare Debian" scripts/ci_bare.sh dist/tapir
step "libusb for other machines" env PIP="$cache/pyocd/bin/pip" "${deno[@]}" run -A scripts/release.ts --libraries
step "release" "${deno[@]}" run -A scripts/release.ts --built
[[ $failures -eq 0 ]]
