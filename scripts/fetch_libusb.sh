#!/usr/bin/env bash
# Gets the libusb that compile.ts puts into the program, with its licence, from Debian's package into dist/native/TARGET.
# It is used where the system has none.
set -euo pipefail
cd "$(dirname "$0")/.."
case $(dpkg --print-architecture) in
amd64) target=x86_64-unknown-linux-gnu ;;
arm64) target=aarch64-unknown-linux-gnu ;;
*) echo "fetch_libusb: no release is built for this architecture" >&2 && exit 1 ;;
esac
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd "$folder" && apt-get download -qq libusb-1.0-0 2>/dev/null && dpkg -x ./*.deb .)
mkdir -p "dist/native/$target"
cp -L "$folder"/lib/*/libusb-1.0.so.0 "dist/native/$target/" 2>/dev/null ||
  cp -L "$folder"/usr/lib/*/libusb-1.0.so.0 "dist/native/$target/"
cp "$folder/usr/share/doc/libusb-1.0-0/copyright" "dist/native/$target/LICENSE.libusb"
echo "dist/native/$target: $(ls "$folder"/*.deb | xargs -n1 basename)"
