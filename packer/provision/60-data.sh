#!/bin/sh
# `config`, which any PC can open to set the box up, and `data`, empty, made so that it can grow a thousandfold.
set -eu
config=/dev/disk/by-partlabel/config
mkfs.vfat -F 32 -n CYBERALARM -i CA000002 --invariant "$config" > /dev/null
mcopy -i "$config" "$TREE/usr/lib/cyberalarm/config/cyberalarm.conf" "$TREE/usr/lib/cyberalarm/config/README.txt" ::/
export E2FSPROGS_FAKE_TIME="$SOURCE_DATE_EPOCH"
mke2fs -q -F -t ext4 -b 4096 -i 16384 -J size=32 -m 1 -L data -U "$("$INPUTS"/identifier data-filesystem)" -E "hash_seed=$("$INPUTS"/identifier hash-seed),nodiscard,root_owner=0:0" -d "$WORK/data" /dev/disk/by-partlabel/data
