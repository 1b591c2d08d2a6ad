# fetch NAME BYTES, into $work; then the list of packages, verified, and the newest $package of this $kind in it.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$work" # apt reads the package as a user of its own
fetch() {
  curl -fsSL --proto "$protocol" --proto-redir "$protocol" --retry 3 --max-filesize "$2" \
    -o "$work/$1" "$base/$1" </dev/null ||
    fail "cannot download $base/$1. Nothing was installed."
}
fetch SHA256SUMS 65536
fetch SHA256SUMS.sig 65536
printf 'release@cyberalarm namespaces="file" %s\n' "$key" >"$work/signers"
ssh-keygen -Y verify -f "$work/signers" -I release@cyberalarm -n file -s "$work/SHA256SUMS.sig" \
  <"$work/SHA256SUMS" >/dev/null 2>&1 ||
  fail "$base/SHA256SUMS is not signed with the CyberAlarm release key. Nothing was installed."
package=$(sed -n "s/^[0-9a-f]\{64\}  \(cyberalarm[_-][0-9][0-9.]*$tail\)\$/\1/p" "$work/SHA256SUMS" |
  sort -V | tail -n 1)
[ -n "$package" ] || fail "$base has no package for this machine (cyberalarm...$tail)"
version=${package#cyberalarm?} version=${version%"$tail"}
