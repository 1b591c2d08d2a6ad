#!/usr/bin/env bash
# need.sh [--optional] COMMAND:PACKAGE | /FILE:PACKAGE ...
# Installs, through apt, the packages of those commands and files that are missing. As another user than root it prints the line to
# run instead of changing the system, and fails; with --optional it does not, and whoever lacks something says so itself.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
optional=
if [ "$1" = --optional ]; then
  optional=1
  shift
fi
missing=()
for pair in "$@"; do
  what=${pair%%:*}
  case $what in
    /*) compgen -G "$what" > /dev/null || missing+=("${pair##*:}") ;;
    *) command -v "$what" > /dev/null || missing+=("${pair##*:}") ;;
  esac
done
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "Packages are missing. Please run: sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
  [ -n "$optional" ]
  exit
fi
echo "Installing ${missing[*]} ..." >&2
apt-get update -qq || true
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null || [ -n "$optional" ]
