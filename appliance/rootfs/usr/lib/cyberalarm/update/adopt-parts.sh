# shellcheck shell=sh disable=SC2034,SC2154 # variables of state.sh and manifest.sh
# The parts of a release, from the folder of the updater to the guard's own.
reserve=$((64 * 1024 * 1024))
part_max=$((256 * 1024 * 1024))

# size_of OFFSET: bytes of a part, of which the hash tree begins at OFFSET
size_of() {
  level=$(($1 / 4096)) blocks=0
  while [ "$level" -gt 1 ]; do
    level=$(((level + 127) / 128))
    blocks=$((blocks + level))
  done
  echo $(($1 + blocks * 4096))
}

# sound IMAGE OFFSET ROOT: all of it is what the hash says. Lazily, as while it runs, half of a copy would only be found later.
# shellcheck disable=SC2046 # words
sound() { veritysetup verify $(verity "$2") "$1" "$1" "$3" > /dev/null 2>&1; }

# drop_parts: what no slot names, nor what is being taken, is of a release that is gone, or was never whole
drop_parts() {
  cat "$state/a/manifest" "$state/b/manifest" "$state/incoming/manifest" > "$run/named" 2> /dev/null || true
  for image in "$state"/parts/*; do
    root=${image##*/}
    case $root in *.img) grep -q -F -w -e "${root%.img}" "$run/named" || rm -rf "$image" ;; *) rm -rf "$image" ;; esac
  done
}

# adopt_parts: each part whole, verified and on the disk; 2 if there is no room
adopt_parts() {
  why='the disk is full or cannot be written'
  parts "$manifest" > "$state/incoming/parts" || return 2
  needed=$reserve
  while read -r root offset kind; do
    why="its $kind has no size that a part can have"
    [ "$offset" -le "$part_max" ] && [ $((offset % 4096)) -eq 0 ] || return 1
    [ -e "$state/parts/$root.img" ] || needed=$((needed + $(size_of "$offset")))
  done < "$state/incoming/parts"
  free=$(df -B 1 --output=avail "$state" | tail -n 1)
  why="it needs $((needed / 1048576)) MiB on the disk, and $((free / 1048576)) are free"
  [ "$free" -ge "$needed" ] || return 2
  while read -r root offset kind; do
    why="its $kind is not what was signed"
    image=$state/parts/$root.img
    # one that is there already may have been damaged since
    ! sound "$image" "$offset" "$root" || continue
    take "$wanted/parts/$root.img" "$image.copy" "$(size_of "$offset")" && sound "$image.copy" "$offset" "$root" || return 1
    mv "$image.copy" "$image"
  done < "$state/incoming/parts"
  sync "$state/parts"
}
