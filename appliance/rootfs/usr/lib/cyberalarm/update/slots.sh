# shellcheck shell=sh disable=SC2034,SC2154 # variables of state.sh and manifest.sh
# Slots: a release on the disk, verified and mounted. dm-verity checks each block when it is read; systemd mounts, so that the guard needs
# no rights on mounts of the machine.
mount_of() { printf 'run-cyberalarm\\x2drelease-%s-%s.mount' "$1" "$2"; }

shut() {
  for each in runtime agent; do
    systemctl stop "$(mount_of "$1" "$each")" 2> /dev/null || true
    [ ! -e "/dev/mapper/cyberalarm-$1-$each" ] || veritysetup close "cyberalarm-$1-$each" || return 1
    rm -f "$run/$1.$each"
  done
}

# opened SLOT: runtime and agent can be read below $run/SLOT. What is open already stays so.
opened() {
  for kind in runtime agent; do
    found=$(parts "$state/$1/manifest" | sed -n "s/ $kind\$//p")
    root=${found% *}
    image=$state/parts/$root.img
    [ "$(cat "$run/$1.$kind" 2> /dev/null)" != "$root" ] || ! mountpoint -q "$run/$1/$kind" || continue
    [ "$kind" = agent ] || shut "$1" || true
    why="its $kind is not what was signed"
    # shellcheck disable=SC2046 # words
    veritysetup open $(verity "${found#* }") "$image" "cyberalarm-$1-$kind" "$image" "$root" || return 1
    systemctl start "$(mount_of "$1" "$kind")" || return 1
    echo "$root" > "$run/$1.$kind"
  done
}

# whole SLOT: every block of every part, read now
whole() {
  parts "$state/$1/manifest" | while read -r root offset kind; do
    # shellcheck disable=SC2046 # words
    veritysetup verify $(verity "$offset") "$state/parts/$root.img" "$state/parts/$root.img" "$root" || exit 1
  done
}
