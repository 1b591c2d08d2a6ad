#!/bin/sh
# Removes what a box does not need and what would differ between two builds, and sets which services run.
set -eu
cd "$TREE"
if [ -d var/lib/dpkg ]; then cp var/lib/dpkg/status "$WORK/installed"; else rpm --root "$TREE" -qa --queryformat "$RPM_QUERY" > "$WORK/installed"; fi
# /var is the partition `data`; what is installed is a matter of the slot
mkdir -p usr/lib/sysimage
for database in dpkg rpm; do
  if [ -d "var/lib/$database" ] && [ ! -L "var/lib/$database" ]; then mv "var/lib/$database" usr/lib/sysimage/; fi
done
# kernel and initramfs lie on the partition `boot`
mkdir -p "$WORK/boot" && mv boot/vmlinuz-* boot/initr*-* "$WORK/boot/"
"$TREE/usr/lib/cyberalarm/base/tidy" "$TREE"
# what `data` begins with
mkdir -p "$WORK/data/lib" "$WORK/data/log" "$WORK/data/cache" && mkdir -p "$WORK/data/tmp" && chmod 1777 "$WORK/data/tmp"
ln -sfn /run "$WORK/data/run"
# every time stamp is that of the commit: some of the tree have the time of the bootstrap, which may be longer ago
find . "$WORK/data" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
