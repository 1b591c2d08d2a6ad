#!/usr/bin/env bash
# Tools that only tests use: peers that check our files, and what plays the world around the box. Without root nothing is
# installed, and the tests that lack a tool say so.
set -euo pipefail
PATH=$PATH:/usr/sbin

# command: package that brings it
needed='rpm:rpm lintian:lintian shellcheck:shellcheck readelf:binutils bmaptool:bmap-tools tmux:tmux nft:nftables ip:iproute2 tcpdump:tcpdump
  xmllint:libxml2-utils virt-v2v:virt-v2v mcopy:mtools genisoimage:genisoimage systemd-analyze:systemd sfdisk:fdisk rsyslogd:rsyslog'
missing=()
for pair in $needed; do
  command -v "${pair%%:*}" > /dev/null || missing+=("${pair##*:}")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "For all of the tests, run: sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
  exit 0
fi
echo "Installing for the tests: ${missing[*]} ..."
apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
