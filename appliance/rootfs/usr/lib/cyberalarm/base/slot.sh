# shellcheck shell=sh disable=SC2034,SC2154 # variables of refresh, which reads this in
# The other slot, filled and sealed: $other, seen below $work/new between the first step and the last. Each states its $step.
boot=/run/cyberalarm-disk/boot

copy_to_slot() {
  step="copying the system to slot $other"
  slot=$(readlink -f "/run/cyberalarm-disk/root-$other")
  # no half-made slot may be started
  mdel -i "$boot" "::/$other/slot.cfg" 2> /dev/null || true
  mkdir -p "$work/old" "$work/new"
  mount -o ro /dev/mapper/root "$work/old"
  # one part in 127 of the partition is for the hashes
  blocks=$(($(blockdev --getsize64 "$slot") * 98 / 100 / 4096))
  mke2fs -q -F -t ext4 -b 4096 -m 0 -L root -O ^has_journal,^resize_inode,^metadata_csum_seed -E root_owner=0:0 \
    -d "$work/old" "$slot" "$blocks"
  umount "$work/old"
  mount -t ext4 "$slot" "$work/new"
}

make_initramfs() {
  step='making the initramfs'
  kernel=$(ls "$work/new/usr/lib/modules")
  chroot "$work/new" dracut --force --kver "$kernel" /boot/initrd.new
  if [ -e "$work/new/boot/vmlinuz-$kernel" ]; then
    cp "$work/new/boot/vmlinuz-$kernel" "$work/vmlinuz"
  else
    mcopy -n -i "$boot" "::/$running/vmlinuz" "$work/vmlinuz"
  fi
  mcopy -o -i "$boot" "$work/vmlinuz" "::/$other/vmlinuz"
  mcopy -o -i "$boot" "$work/new/boot/initrd.new" "::/$other/initrd"
}

seal_slot() {
  step="sealing slot $other"
  umount -R "$work/new/dev" "$work/new/proc"
  "$work/new/usr/lib/cyberalarm/base/tidy" "$work/new"
  umount "$work/new"
  e2fsck -fn "$slot" > /dev/null
  veritysetup format --hash-offset=$((blocks * 4096)) --data-blocks="$blocks" "$slot" "$slot" > "$work/verity"
  roothash=$(sed -n 's/^Root hash:[[:space:]]*//p' "$work/verity")
  grubenv=$(sed -n 's/.*cyberalarm\.grubenv=\([^ ]*\).*/\1/p' /proc/cmdline)
  sed -e "s/@ROOTHASH@/$roothash/; s/@HASH_OFFSET@/$((blocks * 4096))/; s/@SLOT@/$other/g" -e "s/@GRUBENV@/$grubenv/" \
    /usr/lib/cyberalarm/slot.cfg > "$work/slot.cfg"
  sync
  mcopy -o -i "$boot" "$work/slot.cfg" "::/$other/slot.cfg"
  sync
}
