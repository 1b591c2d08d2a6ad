# shellcheck shell=sh disable=SC2034,SC2154 # variables of state.sh and manifest.sh
# Which of the slots is followed.

# usable SLOT LEAST: verified and mounted, if its number is not below LEAST
usable() {
  why='a block of it is damaged'
  [ ! -e "$state/$1/bad" ] && [ ! -e "$damaged/$1" ] || return 1
  readable "$state/$1/manifest" && signed "$state/$1/manifest" && fits "$state/$1/manifest" || return 1
  why="its number is below $2, which was good"
  [ "$(number_in "$state/$1/manifest" number)" -ge "$2" ] && opened "$1"
}

# The release at a start: that which is active, else the one before it if that was good, else the one that came with the system. What is on
# trial only is never followed. Sets $chosen, and $against: what is held against those that were passed over.
follow() {
  chosen=factory against=''
  first=$(active)
  case $first in a) other=b ;; b) other=a ;; *) first='' other='' ;; esac
  for candidate in $first $other; do
    least=$(number "$state/good")
    # below the highest that was good is only the one before, and only if it is the very release that was
    [ "$candidate" = "$first" ] || least=$(highest 1 "$(number "$state/$candidate/good")")
    why='it was never good'
    if { [ "$candidate" = "$first" ] || [ "$(number "$state/$candidate/good")" = "$(number_in "$state/$candidate/manifest" number)" ]; } &&
      usable "$candidate" "$least"; then
      chosen=$candidate
      break
    fi
    against="$against${against:+; }slot $candidate: $why"
  done
  point "$chosen"
}
