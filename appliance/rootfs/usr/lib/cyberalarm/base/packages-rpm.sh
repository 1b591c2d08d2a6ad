# shellcheck shell=sh disable=SC2154 # variables and kernels of packages, which reads this in
# CentOS Stream and what is like it.

# dnf WORDS: with what /etc/dnf/dnf.conf says, and the proxy
dnf() {
  private "$work/dnf.conf" "$(cat /etc/dnf/dnf.conf)" ${proxy:+"proxy=$proxy"}
  command dnf -c "$work/dnf.conf" --setopt=cachedir="$state/cache" "$@"
}

servers_packages() { servers_in /etc/yum.repos.d/*; }

look_packages() {
  # 100: there is something
  dnf -q --refresh check-update > "$work/dnf" 2> "$work/look.log" || [ $? = 100 ] || { cat "$work/look.log" >&2; return 1; }
  sed '/^$/d' "$work/dnf" | sort
}

install_packages() {
  dnf -y --installroot="$root" --setopt=reposdir=/etc/yum.repos.d --setopt=install_weak_deps=False --setopt=tsflags=nodocs upgrade
  kernels | head -n -1 | while read -r kernel; do
    chroot "$root" rpm -e --noscripts \
      "kernel-core-$kernel" "kernel-modules-$kernel" "kernel-modules-core-$kernel" < /dev/null
  done
  kernel=$(kernels)
  cp "$root/usr/lib/modules/$kernel/vmlinuz" "$root/boot/vmlinuz-$kernel"
}
