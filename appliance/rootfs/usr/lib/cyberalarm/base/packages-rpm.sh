# shellcheck shell=sh disable=SC2154 # variables and kernels of packages, which reads this in
# CentOS Stream and what is like it.

look_packages() {
  newer=/run/cyberalarm-base/dnf
  # 100: there is something
  dnf -q --refresh ${proxy:+--setopt=proxy="$proxy"} --setopt=cachedir="$state/cache" check-update > "$newer" || [ $? = 100 ]
  sed '/^$/d' "$newer" | sort
}

install_packages() {
  dnf -y --installroot="$root" ${proxy:+--setopt=proxy="$proxy"} --setopt=reposdir=/etc/yum.repos.d \
    --setopt=cachedir="$state/cache" --setopt=install_weak_deps=False --setopt=tsflags=nodocs upgrade
  kernels | head -n -1 | while read -r kernel; do
    chroot "$root" rpm -e --noscripts \
      "kernel-core-$kernel" "kernel-modules-$kernel" "kernel-modules-core-$kernel" < /dev/null
  done
  kernel=$(kernels)
  cp "$root/usr/lib/modules/$kernel/vmlinuz" "$root/boot/vmlinuz-$kernel"
}
