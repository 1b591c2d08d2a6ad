#!/usr/bin/env bash
# Builds the native addon: one line, no build system. The agent runs without it, slower and without NFLOG.
set -euo pipefail
cd "$(dirname "$0")/.."
addon=agent/node-netfilter-log
mkdir -p "$addon/build"
"${CC:-cc}" -std=gnu11 -O2 -Wall -Wextra -fPIC -fvisibility=hidden -shared -pthread ${CFLAGS:-} -I node_modules/node-api-headers/include "$addon"/src/*.c -o "$addon/build/nflog.node.draft"
mv "$addon/build/nflog.node.draft" "$addon/build/nflog.node"
