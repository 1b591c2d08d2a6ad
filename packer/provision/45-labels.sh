#!/bin/sh
# Labels of SELinux, for the root and for what `data` begins with: both are made from folders, and mke2fs takes extended attributes
# along. A base without SELinux has no list of them.
set -eu
[ -n "${FILE_CONTEXTS:-}" ] || exit 0
setfiles -F -r "$TREE" "$TREE/$FILE_CONTEXTS" "$TREE"
trap 'umount "$TREE/var"' EXIT
mount --bind "$WORK/data" "$TREE/var"
setfiles -F -r "$TREE" "$TREE/$FILE_CONTEXTS" "$TREE/var"
