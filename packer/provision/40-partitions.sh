#!/bin/sh
# The partition table of the final disk. Identifiers come from the version, so that two builds are alike. Types: root slots and
# `boot` are not mounted automatically, `config` is one that every PC shows, `data` is what systemd-repart knows as /var. It starts
# small, so that there is little to write to a stick, and grows to the rest of its disk when the box starts.
set -eu
set -- --clear --disk-guid="$("$INPUTS"/identifier disk)" --set-alignment=2048
number=1
while read -r name size type; do
  set -- "$@" --new="$number:0:$size" --typecode="$number:$type" --change-name="$number:$name" --partition-guid="$number:$("$INPUTS"/identifier "$name")"
  number=$((number + 1))
done << 'TABLE'
bios +1M ef02
boot +254M ef00
root-a +1536M 8300
root-b +1536M 8300
config +64M 0700
data +512M 8310
TABLE
sgdisk "$@" "$DISK"
sgdisk --verify "$DISK"
# while udev reads the disk the kernel refuses a new table
tries=0
until blockdev --rereadpt "$DISK" && udevadm settle && [ -e /dev/disk/by-partlabel/data ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || { echo "the kernel does not take the new partition table of $DISK" >&2; exit 1; }
  sleep 1
  udevadm settle
done
