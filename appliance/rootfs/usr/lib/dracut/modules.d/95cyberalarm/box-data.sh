#!/bin/sh
# The root is read-only; all that this box has made is on the partition `data`, which is its /var.
# Partitions are looked for on the disk that holds the verified root, and nowhere else: the names on a stick mean nothing.
for part in "/sys/class/block/$(basename "$(readlink -f /dev/mapper/root)")"/slaves/*; do :; done
mkdir -p /run/cyberalarm-disk
for uevent in "$(readlink -f "$part")"/../*/uevent; do
  name=$(grep -m 1 '^PARTNAME=' "$uevent") || continue
  ln -sf "/dev/$(basename "${uevent%/uevent}")" "/run/cyberalarm-disk/${name#*=}"
done
data=/run/cyberalarm-disk/data
var=/sysroot/var
e2fsck -p "$data" > /dev/null 2>&1 || e2fsck -fy "$data" > /dev/null 2>&1
if ! mount -t ext4 -o nosuid,nodev,noexec,noatime "$data" "$var"; then
  # a box that can keep nothing still has to say on its screen what is wrong
  mount -t tmpfs -o mode=0755,size=256m,nosuid,nodev,noexec tmpfs "$var"
  mkdir -p /run/cyberalarm-box && echo 'the data partition cannot be mounted' > /run/cyberalarm-box/data-failed
fi
# One that changed with each start would scatter the journal, and one in the image would be the same for all boxes.
id=$var/lib/cyberalarm-box/machine-id
if ! grep -qxE '[0-9a-f]{32}' "$id"; then
  mkdir -p "${id%/*}"
  tr -d - < /proc/sys/kernel/random/uuid > "$id.draft" && sync "$id.draft" && mv "$id.draft" "$id" && sync "${id%/*}"
fi
mount -o bind "$id" /sysroot/etc/machine-id
