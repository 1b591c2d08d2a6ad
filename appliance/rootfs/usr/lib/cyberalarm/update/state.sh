# shellcheck shell=sh disable=SC2034 # variables of the guard's programs, which read this in
# What the guard knows, and how it says so. All of it is root's alone; what lies on the disk is written by `keep`, whole or not at all.
#   active      the slot that is followed at a start: a, b or factory
#   trial       SLOT 1 while a release is judged for a minute, SLOT 2 TIME for the day after
#   good        the highest number of a release that was ever good; SLOT/good: that of the release in this slot, if it was
#   taken-back  SHA-256 of manifests, one for each time; after three, it is not tried again
#   starts      of the machine in the first day of a release, since one that lasted for five minutes
export LC_ALL=C
system=/usr/lib/cyberalarm
state=/var/lib/cyberalarm-releases
run=/run/cyberalarm-release
# slots with damaged blocks, until the next start; beside $run, which the unit of the agent (recheck) sees read-only
damaged=/run/cyberalarm-damaged
# shellcheck source=/dev/null
. "$system/base/keep.sh"
# shellcheck source=/dev/null
. "$system/update/manifest.sh"
# shellcheck source=/dev/null
. "$system/update/slots.sh"
# shellcheck source=/dev/null
. "$system/update/choose.sh"
# shellcheck source=/dev/null
. "$system/update/trial.sh"

# number_in FILE WORD: the number behind a word at the beginning of a line; 0 if there is none
number_in() {
  found=$(sed -n "s/^$2 \([0-9]\{1,9\}\)\$/\1/p" "$1" 2> /dev/null | head -n 1)
  echo "${found:-0}"
}
# number FILE: the number that is all there is in it
number() {
  found=$(sed -n '1s/^\([0-9]\{1,9\}\)$/\1/p' "$1" 2> /dev/null) || true
  echo "${found:-0}"
}
highest() { printf '%s\n' "$@" | sort -n | tail -n 1; }

active() { sed -n '1s/^\([ab]\)$/\1/p' "$state/active" 2> /dev/null | grep . || echo factory; }
current() { readlink "$run/current" 2> /dev/null || echo factory; }
manifest_of() { if [ "$1" = factory ]; then echo "$system/release"; else echo "$state/$1/manifest"; fi; }
forget() { rm -rf "$@" && sync "$state"; }

# point SLOT: the agent is that release from its next start on
point() { ln -sfn "$1" "$run/current.draft" && mv -T "$run/current.draft" "$run/current"; }

# tell STATE SLOT TEXT: for the agent, the console and central
tell() {
  text=$(printf '%s' "$3" | tr -d '\042\134' | tr '[:cntrl:]' ' ' | cut -c 1-300)
  version=$(sed -n 's/^version \([0-9a-z.-]*\)$/\1/p' "$(manifest_of "$2")" 2> /dev/null | head -n 1)
  echo "$1: $text"
  printf '{"at":"%s","state":"%s","slot":"%s","version":"%s","number":%s,"text":"%s"}\n' "$(date -u +%FT%TZ)" \
    "$1" "$2" "$version" "$(number_in "$(manifest_of "$2")" number)" "$text" > "$run/report.draft"
  chmod 644 "$run/report.draft" && mv "$run/report.draft" "$run/report.json"
}
