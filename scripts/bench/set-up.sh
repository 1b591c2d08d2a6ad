#!/usr/bin/env bash
# What the benchmark compares with, from Debian's packages. Their services are not started: it runs them itself, with files
# of its own. As another user than root it prints the one line to run; without them the benchmark says what is missing.
set -euo pipefail

# command: package that brings it
needed='rsyslogd:rsyslog ulogd:ulogd2 nft:nftables ip:iproute2 unshare:util-linux cc:gcc'
missing=()
PATH="$PATH:/usr/sbin:/sbin"
for pair in $needed; do
  command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done
compgen -G '/usr/lib/*/ulogd/ulogd_output_JSON.so' >/dev/null || missing+=(ulogd2-json)
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "To compare with them, please run: sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
  exit 0
fi
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  # invoke-rc.d(8) starts nothing while this says 101
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
apt-get update -qq || true
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" || echo "Not all could be installed: ${missing[*]}" >&2
