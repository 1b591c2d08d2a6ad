#!/usr/bin/env bash
# Builds the native addon, and the program that opens its socket so that the agent needs no capability: a line each, no
# build system. The agent runs without both, slower and without NFLOG.
set -euo pipefail
cd "$(dirname "$0")/.."
addon=agent/node-netfilter-log
flags="-std=gnu11 -O2 -Wall -Wextra -fstack-protector-strong ${CFLAGS:-}"
mkdir -p "$addon/build" build
"${CC:-cc}" $flags -fPIC -fvisibility=hidden -shared -pthread -I node_modules/node-api-headers/include "$addon"/src/*.c -o "$addon/build/nflog.node.draft"
mv "$addon/build/nflog.node.draft" "$addon/build/nflog.node"
"${CC:-cc}" $flags -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE -pie -fstack-clash-protection -Wl,-z,relro,-z,now,-z,noexecstack -I "$addon/src" appliance/open-nflog/open-nflog.c "$addon"/src/{service-manager,nflog-socket}.c -o build/open-nflog.draft
mv build/open-nflog.draft build/open-nflog
