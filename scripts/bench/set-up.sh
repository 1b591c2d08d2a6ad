#!/usr/bin/env bash
# What the benchmark compares with, from Debian's packages. Their services are not started: it runs them itself, with files
# of its own. Without them it says what is missing.
set -euo pipefail

policy=/usr/sbin/policy-rc.d
if [ "$(id -u)" -eq 0 ] && [ ! -e "$policy" ]; then
  # invoke-rc.d(8) starts nothing while this says 101
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
bash "$(dirname "$0")/../need.sh" --optional rsyslogd:rsyslog ulogd:ulogd2 nft:nftables ip:iproute2 unshare:util-linux cc:gcc \
  '/usr/lib/*/ulogd/ulogd_output_JSON.so:ulogd2-json'
