#!/usr/bin/env bash
# `make peers`: the conformance suite of The Update Framework against the box's client of updates. The suite is on GitHub alone:
# TUF_CONFORMANCE names a checkout of github.com/theupdateframework/tuf-conformance. Its Python packages come from PyPI.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -z "${TUF_CONFORMANCE:-}" ]; then
  echo 'TUF_CONFORMANCE names no checkout of github.com/theupdateframework/tuf-conformance: nothing was compared.'
  exit 0
fi
[ -d "$TUF_CONFORMANCE/tuf_conformance" ] || { echo "$TUF_CONFORMANCE is no checkout of tuf-conformance." >&2 && exit 1; }
bash scripts/need.sh python3:python3 /usr/lib/python3*/ensurepip:python3-venv faketime:faketime
suite=$PWD/build/tuf-conformance
if [ ! -x "$suite/bin/pytest" ]; then
  python3 -m venv "$suite"
  mapfile -t wanted < <(sed -n '/^dependencies = \[/,/^]/s/^ *"\(.*\)",\{0,1\}$/\1/p' "$TUF_CONFORMANCE/pyproject.toml")
  "$suite/bin/pip" install --quiet --disable-pip-version-check "${wanted[@]}"
fi
printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$PWD/node_modules/.bin/node" "$PWD/scripts/updates/conformance-client.ts" >"$suite/client"
chmod 755 "$suite/client"
exec "$suite/bin/pytest" -q -p no:cacheprovider "$TUF_CONFORMANCE/tuf_conformance" --entrypoint "$suite/client"
