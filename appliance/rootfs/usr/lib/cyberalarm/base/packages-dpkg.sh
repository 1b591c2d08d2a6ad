# shellcheck shell=sh disable=SC2154 # variables and kernels of packages, which reads this in
# Debian and what is like it.

apt() {
  cache=${root:-/run/cyberalarm-base}/var/cache/apt
  mkdir -p "$state/lists/partial" "$cache/archives/partial"
  private "$work/apt.conf" ${proxy:+"Acquire::http::Proxy \"$proxy\";" "Acquire::https::Proxy \"$proxy\";"}
  # a server that cannot be reached is an error, and not "nothing newer"
  apt-get -q -y -c "$work/apt.conf" -o Dir::State::Lists="$state/lists" -o Dir::Cache="$cache" -o APT::Update::Error-Mode=any \
    -o Acquire::Retries=3 -o Acquire::GzipIndexes=true -o Acquire::Languages=none "$@"
}

# into the copy: apt reads lists and settings of the system that runs, dpkg works below $root
apt_into_root() {
  apt -o Dir::State="$root/var/lib/apt" -o Dir::State::status="$root/var/lib/dpkg/status" -o Dir::Log="$root/var/log/apt" \
    -o DPkg::Chroot-Directory="$root" -o DPkg::Options::=--force-confold -o DPkg::Options::=--force-unsafe-io "$@"
}

servers_packages() { servers_in /etc/apt/sources.list /etc/apt/sources.list.d/*; }

look_packages() {
  apt update > "$work/look.log" 2>&1 || { cat "$work/look.log" >&2; return 1; }
  apt -s --with-new-pkgs upgrade > "$work/upgrade"
  sed -n 's/^Inst //p' "$work/upgrade" | sort
}

install_packages() {
  mkdir -p "$root/var/lib/apt" "$root/var/log/apt"
  # nothing is started in the copy, and the initramfs is made once, at the end
  printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d" && chmod 755 "$root/usr/sbin/policy-rc.d"
  rm -f "$root"/etc/kernel/postinst.d/dracut "$root"/etc/kernel/postrm.d/dracut
  DEBIAN_FRONTEND=noninteractive apt_into_root --with-new-pkgs upgrade
  kernels | head -n -1 | while read -r kernel; do
    # it would ask whether one is sure to remove the kernel that runs
    rm -f "$root/var/lib/dpkg/info/linux-image-$kernel.prerm"
    chroot "$root" dpkg --purge "linux-image-$kernel" < /dev/null
    rm -rf "$root/usr/lib/modules/$kernel"
  done
}
