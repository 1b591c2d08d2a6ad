# shellcheck shell=sh disable=SC2034,SC2154 # variables of state.sh and manifest.sh
# From the folder that the updater fills, which is not trusted, into folders that are root's alone. What is checked is the copy.
# shellcheck source=/dev/null
. "$system/update/adopt-parts.sh"

# take FROM TO MOST: a regular file of MOST bytes at most; a longer one comes cut off, and is refused for it. What becomes a link or a pipe
# after it was looked at is not followed or waited for.
take() {
  [ -f "$1" ] && [ ! -L "$1" ] || return 1
  dd "if=$1" "of=$2.draft" "count=$3" iflag=nofollow,nonblock,count_bytes bs=64k conv=fsync status=none 2> /dev/null && mv -T "$2.draft" "$2"
}

# adopt_manifest: sets $manifest if what is wanted may be taken; 2 if the disk takes nothing
adopt_manifest() {
  manifest=$state/incoming/manifest
  why='the disk is full or cannot be written'
  forget "$state/incoming"
  mkdir -m 700 "$state/incoming" && head -c 16384 /dev/zero > "$state/incoming/room" && sync "$state/incoming/room" || return 2
  rm "$state/incoming/room"
  why='nothing was handed over'
  take "$wanted/manifest" "$manifest" 4097 || return 1
  for i in 1 2 3; do take "$wanted/manifest.$i" "$manifest.$i" 65 || true; done
  readable "$manifest" && signed "$manifest" && fits "$manifest" || return 1
  number=$(number_in "$manifest" number)
  why="its number $number is below $(number "$state/good"), which was good"
  [ "$number" -ge "$(number "$state/good")" ] || return 1
  why="it runs already"
  ! cmp -s "$manifest" "$(manifest_of "$(current)")" || return 1
  # the updater tries again only what a person asks for
  why="release $number was taken back three times"
  tries=$(grep -c -x "$(sha256sum < "$manifest" | cut -d ' ' -f 1)" "$state/taken-back" 2> /dev/null) || true
  [ "${tries:-0}" -lt 3 ] || return 1
  # the release that runs, and the last to fall back to, have to read what it will leave behind
  why="release $number writes state that a release before it could not read"
  [ "$(number_in "$manifest" writes)" -le "$(number_in "$(manifest_of "$(current)")" reads)" ] &&
    [ "$(number_in "$manifest" writes)" -le "$(number_in "$system/system" reads)" ]
}
