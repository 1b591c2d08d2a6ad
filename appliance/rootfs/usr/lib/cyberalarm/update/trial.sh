# shellcheck shell=sh disable=SC2034,SC2154 # variables of state.sh
# A release on its trial, and how it is left.
# on_trial: sets $slot and $stage
on_trial() {
  slot=$(sed -n '1s/^\([ab]\) [12].*/\1/p' "$state/trial" 2> /dev/null) || return 1
  stage=$(sed -n '1s/^[ab] \([12]\).*/\1/p' "$state/trial")
  [ -n "$slot" ]
}
end_trial() { forget "$state/trial" "$state/probation.json" "$state/starts"; }

# leave: the release on trial ($slot) ends it, and is not followed any more. It has to work on a full disk: what cannot be noted is not, and
# without the file `active` it is the release that came with the system.
leave() {
  { tail -n 20 "$state/taken-back" 2> /dev/null | tail -c 2000; sha256sum < "$state/$slot/manifest" | cut -d ' ' -f 1; } |
    keep "$state/taken-back" || echo 'that it was left could not be noted' >&2
  if [ "$(active)" = "$slot" ]; then
    if [ "$slot" = a ]; then before=b; else before=a; fi
    [ -s "$state/$before/good" ] || before=factory
    echo "$before" | keep "$state/active" || forget "$state/active"
  fi
  end_trial
}
