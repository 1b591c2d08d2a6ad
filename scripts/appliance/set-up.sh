#!/usr/bin/env bash
# What building an appliance needs besides what building the agent does. As another user than root it prints the line to run.
set -euo pipefail
PATH=$PATH:/usr/sbin

# command: package that brings it
needed='packer:packer qemu-system-x86_64:qemu-system-x86 qemu-img:qemu-utils mmdebstrap:mmdebstrap genext2fs:genext2fs zstd:zstd ssh-keygen:openssh-client resize2fs:e2fsprogs newuidmap:uidmap mcopy:mtools'
# the tests also start the image with EFI, and hand it a disc
[ "${1:-}" = --for-tests ] && needed="$needed genisoimage:genisoimage sfdisk:fdisk gpg:gpg dpkg-deb:dpkg"
missing=()
for pair in $needed; do
  command -v "${pair%%:*}" > /dev/null || missing+=("${pair##*:}")
done
[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
[ "${1:-}" != --for-tests ] || [ -e /usr/share/ovmf/OVMF.fd ] || missing+=(ovmf)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "Some packages are missing. Please run: sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
echo "Installing ${missing[*]} ..."
apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
