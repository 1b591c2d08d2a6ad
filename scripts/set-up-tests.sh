#!/usr/bin/env bash
# Tools that only tests use: peers that check our files, and what plays the world around the box. Without root nothing is
# installed, and the tests that lack a tool say so.
set -euo pipefail
here=$(dirname "$0")
bash "$here/need.sh" --optional rpm:rpm lintian:lintian shellcheck:shellcheck readelf:binutils bmaptool:bmap-tools \
  tmux:tmux nft:nftables iptables:iptables ip:iproute2 tcpdump:tcpdump xmllint:libxml2-utils virt-v2v:virt-v2v mcopy:mtools \
  genisoimage:genisoimage systemd-analyze:systemd sfdisk:fdisk rsyslogd:rsyslog strace:strace curl:curl mkfs.fat:dosfstools \
  mkfs.ext4:e2fsprogs mksquashfs:squashfs-tools veritysetup:cryptsetup-bin openssl:openssl qemu-img:qemu-utils \
  zstd:zstd ssh-keygen:openssh-client packer:packer
bash "$here/set-up-peers.sh"
