#!/bin/sh
# Our own files over the tree: appliance/rootfs and the release, with the names of this base in them.
set -eu
tar -x --zstd --no-same-owner -f "$INPUTS/files.tar.zst" -C "$TREE"
ln -sfn ../../run/cyberalarm-release/current/agent/bin/cyberalarm "$TREE/usr/bin/cyberalarm"
ln -sfn /var/lib/cyberalarm-box/etc "$TREE/etc/cyberalarm"
ln -sfn "${RESOLV_CONF:-/run/systemd/resolve/resolv.conf}" "$TREE/etc/resolv.conf"
ln -sfn /usr/share/zoneinfo/UTC "$TREE/etc/localtime"
printf '127.0.0.1 localhost\n::1 localhost\n' > "$TREE/etc/hosts"
# names that differ between bases (appliance/bases.ts); the files have Debian's
sed -i "s/_chrony/${CHRONY_USER:-_chrony}/g; s/2\.debian\.pool\.ntp\.org/${NTP_ZONE:-2.debian.pool.ntp.org}/; s#/dpkg#/${PACKAGE_DATABASE:-dpkg}#g" \
  "$TREE/etc/chrony/chrony.conf" "$TREE/usr/lib/cyberalarm/time.sources" "$TREE/usr/lib/tmpfiles.d/box.conf"
[ "${CHRONY_CONF:-etc/chrony/chrony.conf}" = etc/chrony/chrony.conf ] || mv "$TREE/etc/chrony/chrony.conf" "$TREE/$CHRONY_CONF"
