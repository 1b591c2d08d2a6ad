#!/usr/bin/env bash
# What making the packages for Linux servers needs besides what building the agent does.
set -euo pipefail
exec bash "$(dirname "$0")/../need.sh" dpkg-deb:dpkg rpmbuild:rpm objdump:binutils ssh-keygen:openssh-client
