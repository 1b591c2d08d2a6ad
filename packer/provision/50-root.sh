#!/bin/sh
# Slot a: an ext4 file system as large as its content, and behind it the hashes of all its blocks (dm-verity). Slot b is empty
# until the first update of the system.
set -eu
slot=/dev/disk/by-partlabel/root-a
blocks=$(($(du -s --apparent-size --block-size=4096 "$TREE" | cut -f 1) * 115 / 100 + $(find "$TREE" | wc -l) / 4 + 4096))
export E2FSPROGS_FAKE_TIME="$SOURCE_DATE_EPOCH"
mke2fs -q -F -t ext4 -b 4096 -m 0 -L root -U "$("$INPUTS"/identifier root-filesystem)" -O ^has_journal,^resize_inode,^metadata_csum_seed \
  -E "hash_seed=$("$INPUTS"/identifier hash-seed),lazy_itable_init=0,nodiscard,root_owner=0:0" -d "$TREE" "$slot" "$blocks"
e2fsck -fn "$slot" > /dev/null
veritysetup format --hash-offset=$((blocks * 4096)) --data-blocks="$blocks" --salt="$("$INPUTS"/identifier salt | tr -d -)" --uuid="$("$INPUTS"/identifier verity)" "$slot" "$slot" \
  > "$WORK/verity"
sed -n 's/^Root hash:[[:space:]]*//p' "$WORK/verity" > "$WORK/roothash"
echo $((blocks * 4096)) > "$WORK/hash-offset"
echo "root: $((blocks * 4 / 1024)) MiB, root hash $(cat "$WORK/roothash")"
