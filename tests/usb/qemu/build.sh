#!/usr/bin/env bash
# build.sh FOLDER: makes FOLDER/vmlinux and FOLDER/initrd.gz from Debian's stock kernel, and FOLDER/udevd from its udev
# package, for rung2.ts. Needs apt-get, busybox-static, kmod, cpio, xz. Everything is kept for the next run.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: //p' | head -n 1)
if [[ -f vmlinux && -f udevd && initrd.gz -nt $here/init.sh && -f $kernel.done ]]; then exit 0; fi

ls "${kernel}"_*.deb >/dev/null 2>&1 || apt-get download -qq "$kernel" 2>/dev/null
ls udev_*.deb >/dev/null 2>&1 || apt-get download -qq udev 2>/dev/null
dpkg --fsys-tarfile udev_*.deb | tar -xO ./bin/udevadm >udevd
chmod +x udevd

rm -rf modules
mkdir modules
dpkg --fsys-tarfile "${kernel}"_*.deb | tar -x -C modules ./boot ./lib/modules
version=$(ls modules/lib/modules)

# QEMU starts an uncompressed kernel at once; the compressed one takes seconds to unpack itself under emulation.
rm -f vmlinux
for offset in $(LC_ALL=C grep -obUaP '\xfd7zXZ\x00' "modules/boot/vmlinuz-$version" | cut -d: -f1); do
  tail -c "+$((offset + 1))" "modules/boot/vmlinuz-$version" | xz -dc --single-stream >vmlinux 2>/dev/null || true
  if [[ $(head -c 4 vmlinux | tr -d '\0') == $'\x7fELF' ]]; then break; fi
done
[[ -s vmlinux ]]

depmod -b modules "$version"
rm -rf root
mkdir -p root/{bin,dev,proc,sys,new,modules}
cp "$(command -v busybox)" root/bin/busybox
cp "$here/init.sh" root/init
chmod +x root/init
for module in virtio_pci 9p 9pnet_virtio xhci-pci usbhid hid-generic; do
  modprobe -d modules -S "$version" --show-depends "$module" | sed -n 's/^insmod //p'
done | awk '!seen[$1]++ { print $1 }' | while read -r file; do
  cp "$file" root/modules/
  basename "$file"
done >root/modules/order
(cd root && find . | cpio -o -H newc --quiet) | gzip -1 >initrd.gz
rm -rf modules root
touch "$kernel.done"
