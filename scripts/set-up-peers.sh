#!/usr/bin/env bash
# Programs that tests compare with and that no package brings beside the others, each into a folder below build/. What cannot be
# had here is said in one line, and the tests that want it say so too.
# shellcheck disable=SC2317  # functions are called by try
set -uo pipefail
cd "$(dirname "$0")/.." || exit
mkdir -p build

try() { # NAME COMMAND...: what the command says is shown only if it fails
  local name=$1
  shift
  if ! "$@" >"build/$name.log" 2>&1; then
    rm -rf "build/$name"
    echo "$name could not be installed: $(tail -n 1 "build/$name.log")" >&2
  fi
}

# the kickstart's own parser; Debian has no package of it
ksvalidator() {
  python3 -m venv build/ksvalidator &&
    build/ksvalidator/bin/pip install --quiet --disable-pip-version-check pykickstart==3.78
}

# it cannot be installed beside rsyslog, so its package is unpacked, and build/syslog-ng/run starts it from there
syslog_ng() {
  local top=$PWD/build/syslog-ng deb libraries
  mkdir -p "$top/debs/partial" &&
    apt-get install -y --no-install-recommends --download-only -o Debug::NoLocking=1 -o Dir::Cache::archives="$top/debs" syslog-ng-core &&
    for deb in "$top"/debs/*.deb; do dpkg-deb -x "$deb" "$top" || return; done &&
    libraries=$(find "$top" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:) &&
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s --module-path=%s "$@"\n' "$libraries" "$top/usr/sbin/syslog-ng" "$libraries" >"$top/run" &&
    chmod 755 "$top/run" && rm -r "$top/debs" && "$top/run" --version
}

[ -x build/ksvalidator/bin/ksvalidator ] || try ksvalidator ksvalidator
command -v syslog-ng >/dev/null || [ -x build/syslog-ng/run ] || try syslog-ng syslog_ng
# VMware's client and a vCenter in memory
if command -v go >/dev/null; then
  [ build/vsphere -nt ova/vsphere/go.sum ] || try vsphere go build -C ova/vsphere -o ../../build/vsphere .
else
  echo 'Go is not installed: the OVA is not deployed to the vSphere simulator.' >&2
fi
exit 0
