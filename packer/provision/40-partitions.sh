#!/bin/sh
# The table of the final disk. Identifiers come from the version, so that two builds are alike. Types: root slots and `boot` are
# nobody's to mount by themselves, `config` is one that every PC shows, `data` is what systemd-repart knows as /var. It begins small, so
# that there is little to write to a stick, and takes the rest of its disk when the box starts.
set -eu
sgdisk --clear --disk-guid="$("$INPUTS"/identifier disk)" --set-alignment=2048 "$DISK"
number=1
while read -r name size type; do
  sgdisk --new="$number:0:$size" --typecode="$number:$type" --change-name="$number:$name" --partition-guid="$number:$("$INPUTS"/identifier "$name")" "$DISK"
  number=$((number + 1))
done << 'TABLE'
bios +1M ef02
boot +254M ef00
root-a +1536M 8300
root-b +1536M 8300
config +64M 0700
data +512M 8310
TABLE
sgdisk --verify "$DISK"
blockdev --rereadpt "$DISK" 2> /dev/null || true
udevadm settle
