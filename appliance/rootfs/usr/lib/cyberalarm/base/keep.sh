# shellcheck shell=sh disable=SC2154 # variables of the scripts that read this in
# What scripts leave behind for the next start. $state is their folder.

# keep FILE: what comes in becomes the file, and is on the disk by the end; cut off anywhere before, the file is as it was. A folder in its
# place, which a damaged disk may leave, goes.
keep() {
  for place in "$1.draft" "$1"; do [ ! -d "$place" ] || rm -rf "$place" || return 1; done
  cat > "$1.draft" && sync "$1.draft" && mv -T "$1.draft" "$1" && sync "${1%/*}"
}

# report STATE SLOT PACKAGES TEXT: for the console and the diagnostics (system-report.ts)
report() {
  said=$(printf '%s' "$4" | tr -d '\042\134' | tr '[:cntrl:]' ' ' | cut -c 1-200)
  echo "$said"
  printf '{"at":"%s","state":"%s","slot":"%s","packages":%s,"text":"%s"}\n' "$(date -u +%FT%TZ)" "$1" "$2" "$3" "$said" |
    (umask 022 && keep "$state/report.json")
}
