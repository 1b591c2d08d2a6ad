# Is this a machine that there are packages for? $kind of package, and $tail of its file name.
[ "$(id -u)" -eq 0 ] || fail 'must be run as root: use sudo sh'
if [ -r /etc/os-release ]; then . /etc/os-release; fi
known="There are packages for Debian 12 or later, Ubuntu 22.04 or later, and Enterprise Linux 9 or later \
(RHEL, CentOS Stream, Rocky, Alma)."
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
*) fail "there is no package for $(uname -m): x86_64 or aarch64 is required" ;;
esac
[ -d /run/systemd/system ] || fail 'systemd is not running here (is this a container?), and the service needs it'
for each in curl ssh-keygen; do
  command -v $each >/dev/null || fail "$each is missing. Install it with: apt-get install curl openssh-client \
(or dnf install curl openssh), then try again."
done
