#!/usr/bin/env bash
# Gets the libusb that compile.ts puts into the program, with its licence, into dist/native/TARGET. It is used where the
# system has none. `scripts/fetch_libusb.sh [TARGET]`; without TARGET the one for this machine.
# Linux: Debian's package of that architecture. macOS and Windows: the wheels of PyPI's libusb-package, pinned below.
# Needs a Debian, and for wheels a pip (the command PIP, by default `python3 -m pip`).
set -euo pipefail
cd "$(dirname "$0")/.."
host=$(dpkg --print-architecture)
case $host in
amd64) default=x86_64-unknown-linux-gnu ;;
arm64) default=aarch64-unknown-linux-gnu ;;
*) default="" ;;
esac
target=${1:-$default}
native=$PWD/dist/native/$target
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# deb ARCHITECTURE: unpacks the package into $folder/ARCHITECTURE. The lists of another architecture are kept apart, so
# that this machine's own stay as they are.
deb() {
  local arch=$1 options=(-qq -o APT::Sandbox::User=root)
  mkdir -p "$folder/$arch"
  if [[ $arch != "$host" ]]; then
    mkdir -p "$folder/apt/lists/partial" "$folder/apt/archives/partial"
    touch "$folder/apt/status"
    options+=(-o "APT::Architecture=$arch" -o "APT::Architectures=$arch" -o "Dir::State=$folder/apt"
      -o "Dir::State::status=$folder/apt/status" -o "Dir::Cache=$folder/apt" -o Acquire::Languages=none)
    apt-get "${options[@]}" update
  fi
  (cd "$folder/$arch" && apt-get "${options[@]}" download libusb-1.0-0 && dpkg -x ./*.deb .)
}

# licence ARCHITECTURE ORIGIN: who wrote libusb, under which terms, and where this copy and its source are from.
licence() {
  echo "libusb, unmodified, from $2"
  echo
  cat "$folder/$1/usr/share/doc/libusb-1.0-0/copyright"
  echo
  cat /usr/share/common-licenses/LGPL-2.1
}

# linux ARCHITECTURE
linux() {
  local library package
  deb "$1"
  library=$(find "$folder/$1" -name libusb-1.0.so.0)
  package=$(basename "$folder/$1"/*.deb .deb)
  mkdir -p "$native"
  cp -L "$library" "$native/"
  licence "$1" "Debian's ${package//%3a/:}; source: https://packages.debian.org/source/libusb-1.0" \
    >"$native/LICENSE.libusb"
}

# wheel PLATFORM SHA256 LIBRARY
wheel() {
  local version=1.0.30
  deb "$host"
  echo "libusb-package==$version.0 --hash=sha256:$2" >"$folder/requirements"
  ${PIP:-python3 -m pip} download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --platform "$1" \
    --python-version 3.12 --require-hashes --requirement "$folder/requirements" --dest "$folder"
  python3 -m zipfile -e "$folder"/*.whl "$folder/wheel"
  mkdir -p "$native"
  cp "$folder/wheel/libusb_package/$3" "$native/"
  licence "$host" "PyPI's libusb-package $version.0; source: https://github.com/libusb/libusb/tree/v$version" \
    >"$native/LICENSE.libusb"
}

rm -rf "$native"
case $target in
x86_64-unknown-linux-gnu) linux amd64 ;;
aarch64-unknown-linux-gnu) linux arm64 ;;
x86_64-apple-darwin)
  wheel macosx_10_9_x86_64 2b98784bac3bedda7e95bb5039dd0eded84b02f36110e4d5d607375366c61090 libusb-1.0.dylib
  ;;
aarch64-apple-darwin)
  wheel macosx_11_0_arm64 4ad25f8d254bbbdd234446d5580b24d62d59bb0e690d8090457dac347f044437 libusb-1.0.dylib
  ;;
x86_64-pc-windows-msvc)
  wheel win_amd64 90808da724c8939a333d931d0c7226372ca5fefd98e2f2f3ef79fd918aa37522 libusb-1.0.dll
  ;;
*)
  echo "fetch_libusb: no release is built for ${target:-$host}" >&2
  exit 1
  ;;
esac
echo "dist/native/$target: $(head -n 1 "$native/LICENSE.libusb")"
