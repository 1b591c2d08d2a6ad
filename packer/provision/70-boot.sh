#!/bin/sh
# `boot`: kernel and initramfs of each slot, and one GRUB for BIOS and EFI, with all of its modules inside. FAT is written with
# mtools, which take the time from SOURCE_DATE_EPOCH. The last script: when GRUB wrote to the whole disk, udev reads the partitions
# anew, and for a moment none of them can be found by its name.
set -eu
boot=/dev/disk/by-partlabel/boot
modules='part_gpt fat normal configfile test loadenv echo linux reboot sleep'
mkfs.vfat -F 32 -n BOOT -i CA000001 --invariant "$boot" > /dev/null
mmd -i "$boot" ::/a ::/b ::/grub ::/EFI ::/EFI/BOOT
mcopy -i "$boot" "$WORK"/boot/vmlinuz-* ::/a/vmlinuz
mcopy -i "$boot" "$WORK"/boot/initr*-* ::/a/initrd
{ printf '# GRUB Environment Block\nslot=a\nunconfirmed=\ntrial=\n'; printf '%1024s' '' | tr ' ' '#'; } | head -c 1024 > "$WORK/grubenv"
mcopy -i "$boot" "$WORK/grubenv" ::/grub/grubenv
# where GRUB and the box both write: the first byte of that file, counted from the start of the partition
offset=$(grep -abo '# GRUB Environment Block' "$boot" | head -n 1 | cut -d : -f 1)
sed -e "s/@ROOTHASH@/$(cat "$WORK/roothash")/; s/@HASH_OFFSET@/$(cat "$WORK/hash-offset")/; s/@GRUBENV@/$offset/; s/@SLOT@/a/g" \
  "$TREE/usr/lib/cyberalarm/slot.cfg" > "$WORK/slot.cfg"
mcopy -i "$boot" "$WORK/slot.cfg" ::/a/slot.cfg
mcopy -i "$boot" "$TREE/usr/lib/cyberalarm/grub.cfg" ::/grub/grub.cfg
# shellcheck disable=SC2086 # words
"${GRUB_MKIMAGE:-grub-mkimage}" -O x86_64-efi -p /grub -o "$WORK/BOOTX64.EFI" $modules efi_gop
mcopy -i "$boot" "$WORK/BOOTX64.EFI" ::/EFI/BOOT/BOOTX64.EFI
# shellcheck disable=SC2086
"${GRUB_MKIMAGE:-grub-mkimage}" -O i386-pc -p '(,gpt2)/grub' -o "$WORK/core.img" $modules biosdisk vga
cp /usr/lib/grub/i386-pc/boot.img "$WORK/"
"${GRUB_SETUP:-/usr/lib/grub/i386-pc/grub-bios-setup}" --directory="$WORK" --skip-fs-probe "$DISK"
sync
