#!/usr/bin/env bash
# What building an appliance needs besides what building the agent does.
#   --for-tests   and what the tests need besides, which also start the image with EFI and hand it a disc
set -euo pipefail
needed=(mksquashfs:squashfs-tools veritysetup:cryptsetup-bin packer:packer qemu-system-x86_64:qemu-system-x86 qemu-img:qemu-utils
  mmdebstrap:mmdebstrap genext2fs:genext2fs zstd:zstd
  ssh-keygen:openssh-client resize2fs:e2fsprogs newuidmap:uidmap mcopy:mtools
  /usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring)
[ "${1:-}" != --for-tests ] || needed+=(genisoimage:genisoimage sfdisk:fdisk gpg:gpg dpkg-deb:dpkg /usr/share/ovmf/OVMF.fd:ovmf)
exec bash "$(dirname "$0")/../need.sh" "${needed[@]}"
