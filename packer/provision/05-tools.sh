#!/bin/sh
# What the build machine needs for the rest. Debian's was bootstrapped with it; a cloud image of CentOS has little of it.
set -eu
[ -n "${BUILDER_PACKAGES:-}" ] || exit 0
# shellcheck disable=SC2086 # a word each
dnf -y --setopt=install_weak_deps=False install $BUILDER_PACKAGES
