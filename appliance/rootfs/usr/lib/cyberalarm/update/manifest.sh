# shellcheck shell=sh disable=SC2034,SC2154 # variables of state.sh, and of the programs that read this in
# The manifest of a release, read as strictly as agent/update/manifest.ts does. Each function leaves in $why what it has against it.
digits='(0|[1-9][0-9]{0,8})'

readable() {
  why='there is no manifest'
  [ -f "$1" ] && [ ! -L "$1" ] || return 1
  why='its manifest is not one'
  bytes=$(wc -c < "$1")
  [ "$bytes" -le 4096 ] && [ "$(tr -dc '\012\040-\176' < "$1" | wc -c)" -eq "$bytes" ] && [ -z "$(tail -c 1 "$1")" ] || return 1
  lines=$(wc -l < "$1")
  [ "$lines" -ge 8 ] && [ "$lines" -le 26 ] || return 1
  right=$(sed -n -E -e '1{/^cyberalarm release 1$/p}' \
    -e '2{/^version [0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}(-[a-z0-9.]{1,20})?$/p}' \
    -e "3{/^number $digits\$/p}" -e "4{/^system-min $digits\$/p}" -e "5{/^reads $digits\$/p}" -e "6{/^writes $digits\$/p}" \
    -e '7,${/^(runtime|agent|pack [a-z0-9-]{1,40}) [0-9a-f]{64} [1-9][0-9]{0,10}$/p}' "$1" | wc -l)
  [ "$right" -eq "$lines" ] || return 1
  kinds=$(sed -e 1,6d -e 's/ [0-9a-f]\{64\} [0-9]*$//' "$1" | sort)
  [ -z "$(echo "$kinds" | uniq -d)" ] && [ "$(echo "$kinds" | grep -c -x -e runtime -e agent)" -eq 2 ]
}

# Two different keys of the system have signed it. A key counts once, whatever its signature is called.
signed() {
  signers=0
  for key in "$system"/keys/*.pem; do
    for signature in "$1".1 "$1".2 "$1".3; do
      if [ ! -f "$signature" ] || [ -L "$signature" ] || [ "$(wc -c < "$signature")" -ne 64 ]; then continue; fi
      if openssl pkeyutl -verify -pubin -inkey "$key" -rawin -in "$1" -sigfile "$signature" > /dev/null 2>&1; then
        signers=$((signers + 1))
        break
      fi
    done
    [ "$signers" -lt 2 ] || return 0
  done
  why="it is signed by $signers of the 2 keys that are needed"
  return 1
}

# This system runs it: not older than what the system brought or asks for at least, and the system is not too old for it.
fits() {
  floor=$(highest "$(number_in "$system/system" release-floor)" "$(number_in "$system/release" number)")
  why="its number $(number_in "$1" number) is below $floor"
  [ "$(number_in "$1" number)" -ge "$floor" ] || return 1
  why="it needs system $(number_in "$1" system-min), and this is $(number_in "$system/system" number)"
  [ "$(number_in "$1" system-min)" -le "$(number_in "$system/system" number)" ]
}

# parts MANIFEST: a line `ROOT-HASH OFFSET KIND` for each
parts() { sed -n -E '7,$s/^(.*) ([0-9a-f]{64}) ([0-9]+)$/\2 \3 \1/p' "$1"; }
# What veritysetup is told of a part. No header of the file is believed: what the root hash means is all said here.
verity() { echo "--no-superblock --format=1 --hash=sha256 --data-block-size=4096 --hash-block-size=4096 --salt=- --data-blocks=$(($1 / 4096)) --hash-offset=$1"; }
