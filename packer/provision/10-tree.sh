#!/bin/sh
# The tree that becomes the root of the box, in $TREE. It is never started while it is made, so nothing has to be wiped from it:
# no keys, no logs, no machine id. Debian's was bootstrapped outside and comes as an archive; CentOS installs its own.
set -eu
mkdir -p "$TREE"
if [ -e "$INPUTS/tree.tar.zst" ]; then
  zstd -dc "$INPUTS/tree.tar.zst" | tar -x --numeric-owner --xattrs --xattrs-include='*' -C "$TREE"
else
  # what dracut has to know when the kernel is installed
  tar -x --zstd -f "$INPUTS/files.tar.zst" -C "$TREE" ./etc/dracut.conf.d ./usr/lib/dracut
  # shellcheck disable=SC2046 # a word each
  dnf -y --installroot="$TREE" --releasever="$RELEASE" --setopt=install_weak_deps=False --setopt=tsflags=nodocs \
    --use-host-config install centos-stream-release $(cat "$INPUTS/packages")
  dnf -y --installroot="$TREE" clean all
fi
