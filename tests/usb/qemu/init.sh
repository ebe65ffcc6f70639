#!/bin/busybox sh
# First program of the guest: loads drivers, takes the host's file system (read-only) as root, runs the script that the
# kernel command line names with tapir.run=, writes its exit code to the shared folder, and switches off.
busybox=/bin/busybox
$busybox mount -t proc proc /proc
$busybox mount -t sysfs sys /sys
$busybox mount -t devtmpfs dev /dev
while read -r module; do $busybox insmod "/modules/$module" 2>/dev/null; done </modules/order

argument() { $busybox tr ' ' '\n' </proc/cmdline | $busybox sed -n "s/^$1=//p"; }
options=trans=virtio,version=9p2000.L,msize=512000
$busybox mount -t 9p -o "ro,cache=loose,$options" host /new
for folder in proc sys dev; do $busybox mount --move "/$folder" "/new/$folder"; done
$busybox mount -t tmpfs tmpfs /new/run
$busybox mkdir -p /new/run/home
$busybox mount -t 9p -o "rw,cache=none,$options" shared /new/mnt
script=$($busybox tr ' ' '\n' </new/proc/cmdline | $busybox sed -n 's/^tapir.run=//p')
# Not /tmp: the checkout may be there.
TMPDIR=/run PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run/home NO_COLOR=1 \
  $busybox chroot /new /bin/bash "$script"
echo $? >/new/mnt/exit-code
$busybox sync
$busybox poweroff -f
