# shellcheck shell=sh disable=SC2034,SC2154 # variables of state.sh and manifest.sh
# From the folder that the updater fills, which is not trusted, into folders that are root's alone. What is checked is the copy.
# shellcheck source=/dev/null
. "$system/update/adopt-parts.sh"

# take FROM TO MOST: a regular file of MOST bytes at most; a longer one comes cut off, and is refused for it
take() {
  [ -f "$1" ] && [ ! -L "$1" ] || return 1
  head -c "$3" "$1" > "$2.draft" && sync "$2.draft" && mv "$2.draft" "$2"
}

# adopt_manifest: sets $manifest if what is wanted may be taken
adopt_manifest() {
  manifest=$state/incoming/manifest
  forget "$state/incoming"
  mkdir -m 700 "$state/incoming"
  why='nothing was handed over'
  take "$wanted/manifest" "$manifest" 4097 || return 1
  for i in 1 2 3; do take "$wanted/manifest.$i" "$manifest.$i" 65 || true; done
  readable "$manifest" && signed "$manifest" && fits "$manifest" || return 1
  number=$(number_in "$manifest" number)
  why="its number $number is below $(number "$state/good"), which was good"
  [ "$number" -ge "$(number "$state/good")" ] || return 1
  why="it runs already"
  ! cmp -s "$manifest" "$(manifest_of "$(current)")" || return 1
  why="release $number was taken back before"
  ! grep -q -x "$(sha256sum < "$manifest" | cut -d ' ' -f 1)" "$state/taken-back" 2> /dev/null || return 1
  # the release that runs, and the last to fall back to, have to read what it will leave behind
  why="release $number writes state that a release before it could not read"
  [ "$(number_in "$manifest" writes)" -le "$(number_in "$(manifest_of "$(current)")" reads)" ] &&
    [ "$(number_in "$manifest" writes)" -le "$(number_in "$system/system" reads)" ]
}
