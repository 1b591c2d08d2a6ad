#!/bin/sh
# Installs CyberAlarm on a Linux server, or brings it up to date:
#   curl -fsSL @BASE@/install.sh | sudo sh -s -- [--base-url URL] [CODE]
# All of it is one pair of braces: a download that was cut off runs nothing. Nothing is installed before the signature of the
# release key below was found good. CODE is the single-use code to enrol with; without it, it is asked for.
{
set -eu
base='@BASE@' key='@KEY@' code=''
fail() { printf 'cyberalarm: %s\n' "$*" >&2; exit 1; }
while [ $# -gt 0 ]; do
  case $1 in
  --base-url) [ $# -gt 1 ] || fail '--base-url takes an address'; base=${2%/}; shift ;;
  -*) fail "there is no option $1; there is --base-url URL" ;;
  *) code=$1 ;;
  esac
  shift
done
case $base in
*@*) fail "an address with a name in it is not taken: $base" ;;
https://?*) protocol='=https' ;;
http://127.0.0.1 | http://127.0.0.1[:/]*) protocol='=http' ;;
*) fail "only https:// addresses are taken, not $base" ;;
esac
[ "$(id -u)" -eq 0 ] || fail 'this needs root: put sudo before sh'
if [ -r /etc/os-release ]; then . /etc/os-release; fi
known='There are packages for Debian 12 or later, Ubuntu 22.04 or later, and Enterprise Linux 9 or later (RHEL, CentOS Stream, Rocky, Alma).'
case ${ID:-} in
debian) kind=deb least=12 ;;
ubuntu) kind=deb least=22 ;;
rhel | centos | rocky | almalinux) kind=rpm least=9 ;;
*) fail "there is no package for ${PRETTY_NAME:-this system}. $known" ;;
esac
major=${VERSION_ID:-0}
[ "${major%%.*}" -ge "$least" ] || fail "${PRETTY_NAME:-this system} is too old. $known"
case $kind-$(uname -m) in
deb-x86_64) tail='_amd64.deb' ;;
deb-aarch64) tail='_arm64.deb' ;;
rpm-x86_64 | rpm-aarch64) tail="-1.$(uname -m).rpm" ;;
*) fail "there is no package for processors of the kind $(uname -m): it takes x86_64 or aarch64" ;;
esac
[ -d /run/systemd/system ] || fail 'systemd does not run this machine (is it a container?), and the service needs it'
for each in curl ssh-keygen; do
  command -v $each >/dev/null || fail "$each is missing. Install it with: apt-get install curl openssh-client (or dnf install curl openssh), then run this again."
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$work" # apt reads the package as a user of its own
fetch() {
  curl -fsSL --proto "$protocol" --proto-redir "$protocol" --retry 3 --max-filesize "$2" -o "$work/$1" "$base/$1" </dev/null ||
    fail "cannot get $base/$1. Nothing was installed."
}
fetch SHA256SUMS 65536
fetch SHA256SUMS.sig 65536
printf 'release@cyberalarm namespaces="file" %s\n' "$key" >"$work/signers"
ssh-keygen -Y verify -f "$work/signers" -I release@cyberalarm -n file -s "$work/SHA256SUMS.sig" <"$work/SHA256SUMS" >/dev/null 2>&1 ||
  fail "$base/SHA256SUMS is not signed with the CyberAlarm release key. Nothing was installed."
package=$(sed -n "s/^[0-9a-f]\{64\}  \(cyberalarm[_-][0-9][0-9.]*$tail\)\$/\1/p" "$work/SHA256SUMS" | sort -V | tail -n 1)
[ -n "$package" ] || fail "$base has no package for this machine (cyberalarm...$tail)"
version=${package#cyberalarm?} version=${version%"$tail"}
case $kind in
deb) installed=$(dpkg-query -W -f='${db:Status-Status} ${Version}' cyberalarm 2>/dev/null | sed -n 's/^installed //p') ;;
rpm) installed=$(rpm -q --qf '%{VERSION}\n' cyberalarm | grep '^[0-9]' || true) ;;
esac
[ "$(printf '%s\n' "$installed" "$version" | sort -V | tail -n 1)" = "$version" ] ||
  fail "version $installed is installed, and $base has $version only. An older one is not put over a newer one."
echo "cyberalarm: getting $package"
fetch "$package" 314572800
(cd "$work" && grep -F "  $package" SHA256SUMS | sha256sum --check --status) || fail "$base/$package is damaged or was changed. Nothing was installed."
put() {
  case $kind in
  deb) DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends -o Dpkg::Options::=--force-confold "$work/$package" ;;
  rpm) dnf install -q -y --setopt=localpkg_gpgcheck=0 "$work/$package" ;;
  esac </dev/null
}
# what it depends on may be unknown to lists that are old
put || { [ $kind = deb ] && apt-get update -qq </dev/null && put; } || fail 'the package could not be installed; the lines above say why'
echo "cyberalarm: version $version is installed"

if [ -z "$code" ] && [ ! -e /var/lib/cyberalarm/identity.json ] && (: </dev/tty) 2>/dev/null; then
  printf 'Enrolment code (empty: later): ' >/dev/tty
  read -r code </dev/tty || true
fi
if [ -n "$code" ]; then
  # not as a word of a command: words are there for everybody on the machine to read
  printf '%s\n' "$code" | cyberalarm enrol - || fail 'installed, but not enrolled. When the above is put right: cyberalarm enrol CODE'
elif [ ! -e /var/lib/cyberalarm/identity.json ]; then
  echo 'cyberalarm: to enrol it: cyberalarm enrol CODE'
fi
exit 0
}
