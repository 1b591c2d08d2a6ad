#!/usr/bin/env bash
# Everything a fresh Debian-family machine lacks: system packages through apt, then what package-lock.json names.
set -euo pipefail

bash "$(dirname "$0")/need.sh" node:nodejs npm:npm make:make mount:mount cc:gcc /usr/include/stdio.h:libc6-dev \
  /etc/ssl/certs/ca-certificates.crt:ca-certificates

major=$(node -p 'process.versions.node.split(".")[0]')
if [ "$major" -lt 18 ]; then
  echo "Node.js $major is too old: 18 or newer is needed to run npm (the project brings its own Node.js)." >&2
  exit 1
fi
echo "Installing what package-lock.json names ..."
npm ci --no-fund --no-audit --loglevel=error
# two packages bring `node`, one a processor; which of them npm links depends on its version
case $(uname -m) in x86_64) processor=x64 ;; aarch64) processor=arm64 ;; *) echo "There is no Node.js package for $(uname -m)." >&2 && exit 1 ;; esac
ln -sf "../node-linux-$processor/bin/node" node_modules/.bin/node
# without it everything but NFLOG works, slower; the agent says so
bash scripts/build-addon.sh || echo 'The native addon was not built: see above.' >&2
# the test runner is put together without its TypeScript loader: Node.js runs the tests as they are
node_modules/.bin/node node_modules/.bin/tap build >/dev/null
node_modules/.bin/node --version | sed 's/^/The project runs on Node.js /'
