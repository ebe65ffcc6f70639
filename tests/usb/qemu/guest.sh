#!/bin/bash
# What is tried inside the guest; runs as root there, with the shared folder at /mnt. See rung2.ts.
set -u
checkout=$(cat /mnt/checkout)
tapir=$checkout/dist/tapir
pack=$checkout/scripts/demo/Tapir.Demo_DFP
elf=$checkout/scripts/demo/blinky.elf
general=0240000000004e45
flashed=0221000000000001
late=0240000000000003
cd /run || exit 1

failures=0
say() { echo "[$(cut -d' ' -f1 /proc/uptime)] $*"; }

# expect WHAT CODE PATTERN COMMAND…: runs the command and compares exit code and output.
expect() {
  local what=$1 code=$2 pattern=$3 output actual
  shift 3
  output=$(timeout -s KILL 40 "$@" 2>&1)
  actual=$?
  if [[ $actual -eq $code ]] && grep -qE -- "$pattern" <<<"$output"; then
    say "ok      $what"
  else
    say "FAILED  $what: exit code $actual, expected $code and /$pattern/"
    echo "$output"
    failures=$((failures + 1))
  fi
}

# check WHAT COMMAND…: the same for what this script does itself; only success counts.
check() {
  local what=$1
  shift
  if "$@"; then
    say "ok      $what"
  else
    say "FAILED  $what"
    failures=$((failures + 1))
  fi
}

# until_true SECONDS COMMAND…: waits until the command succeeds.
until_true() {
  local left=$(($1 * 20))
  shift
  while ! "$@" >/dev/null 2>&1; do
    ((left-- > 0)) || return 1
    sleep 0.05
  done
}

hid_driver() { basename "$(readlink /sys/bus/usb/devices/1-"$1":1.1/driver 2>/dev/null)"; }
both_present() { [[ $(hid_driver 1) == usbhid && $(hid_driver 2) == usbhid ]]; }
ordinary=(setpriv --reuid=65534 --regid=65534 --clear-groups)
member=(setpriv --reuid=65534 --regid=65534 --groups=46) # plugdev

check "two probes, with the kernel's HID driver on each" until_true 20 both_present

# The probe that is only ever used for this: the host compares its packets with those of the in-memory transport.
expect "flash, verify" 0 "verified" "$tapir" flash -u $flashed -t STM32F407VG --pack "$pack" "$elf"
touch /mnt/flashed
check "packets counted" until_true 10 test -e /mnt/counted

expect "version" 0 '^[0-9]+\.[0-9]+\.[0-9]+' "$tapir" --version
expect "list" 0 "$general +.+ k64f" "$tapir" list
expect "list as JSON" 0 "\"uniqueId\": \"$general\"" "$tapir" list --json
expect "info over bulk" 0 'Cortex-M4 r0p1' "$tapir" info -u $general

"$tapir" commander -u $general -O cmsis_dap.prefer_v1=1 -c halt -c "sleep 2000" >/run/hid.log 2>&1 &
is_taken() { [[ $(hid_driver 1) != usbhid ]]; }
is_back() { [[ $(hid_driver 1) == usbhid ]]; }
check "kernel's HID driver gives way" until_true 20 is_taken
wait
check "kernel's HID driver is back" is_back
expect "info over HID" 0 'Cortex-M4 r0p1' "$tapir" info -u $general -O cmsis_dap.prefer_v1=1

openocd() {
  command openocd -c "adapter driver cmsis-dap" -c "cmsis_dap_backend $1" -c "adapter serial $general" \
    -c "transport select swd" -c "gdb_port disabled" -c "tcl_port disabled" -c "telnet_port disabled" \
    -c "source [find target/stm32f4x.cfg]" -c init -c "reset halt" -c "mdw 0xe000ed00" "${@:2}" -c shutdown
}
export -f openocd
export general
expect "OpenOCD over hidraw" 0 '410fc241' bash -c 'openocd hid'
expect "OpenOCD over bulk" 0 '410fc241' bash -c 'openocd usb_bulk'

openocd usb_bulk -c "sleep 60000" >/run/openocd.log 2>&1 &
check "OpenOCD holds the probe" until_true 20 grep -q 410fc241 /run/openocd.log
expect "busy probe, named holder" 3 'Close openocd \(process [0-9]+\)' "$tapir" info -u $general
kill -KILL "$(pgrep -x openocd)" # it sleeps through gentler signals
wait

# comes_late NAME COMMAND…: plugs the third probe in while tapir, started by the command, waits for it; pulls it out again.
comes_late() {
  local name=$1 pid
  shift
  "$@" "$tapir" info -v -v -u $late >"/run/$name.log" 2>&1 &
  pid=$!
  check "$name: waits for the probe" until_true 20 grep -q 'waiting until one comes' "/run/$name.log"
  touch "/mnt/plug-$name"
  check "$name: the kernel sees it" until_true 20 test -e /sys/bus/usb/devices/1-3:1.1
  check "$name: tapir sees it" until_true 20 grep -q 'is connected' "/run/$name.log"
  wait $pid
  expect "$name: goes on" 0 'Cortex-M4 r0p1' cat "/run/$name.log"
  touch "/mnt/pull-$name"
  check "$name: it leaves" until_true 20 test ! -e /sys/bus/usb/devices/1-3
  expect "$name: gone from the list" 3 "Connected: .*$general" "$tapir" info -W -u $late
}
# Without udevd nobody tells of the probe; tapir looks all the same.
comes_late late1 env

expect "no permission" 3 'setup udev --install' "${ordinary[@]}" "$tapir" info -u $general
mkdir -p /run/udev/rules.d
"$tapir" setup udev >/run/udev/rules.d/70-tapir.rules
export SYSTEMD_IGNORE_CHROOT=1
cp /mnt/udevd /run/systemd-udevd
cp /mnt/udevd /run/udevadm
/run/systemd-udevd --daemon
/run/udevadm trigger --subsystem-match=usb --action=add
/run/udevadm settle
expect "permission by the udev rule" 0 'Cortex-M4 r0p1' "${member[@]}" "$tapir" info -u $general
# Now udevd tells of it, once the rule has opened it to this user.
comes_late late2 "${member[@]}"
expect "still none for others" 3 'setup udev --install' "${ordinary[@]}" "$tapir" info -u $general

"$tapir" commander -u $general -c halt -c status -c "sleep 5000" -c "read32 0x20000000" >/run/unplug.log 2>&1 &
pid=$!
check "a session is under way" until_true 20 grep -qi halted /run/unplug.log
touch /mnt/unplug
wait $pid
unplugged=$?
check "unplugged: exit code 3" test $unplugged -eq 3
expect "unplugged: says so" 0 'unplugged' cat /run/unplug.log
expect "unplugged: gone from the list" 0 "^  0  [^0]+$flashed" "$tapir" list
exit $((failures > 0))
