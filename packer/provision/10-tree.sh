#!/bin/sh
# The tree that becomes the root of the box, in $TREE. It is never started while it is made, so nothing has to be wiped from it:
# no keys, no logs, no machine id. Debian's was bootstrapped outside and comes as an archive; CentOS installs its own.
set -eu
mkdir -p "$TREE"
if [ -e "$INPUTS/tree.tar.zst" ]; then
  zstd -dc "$INPUTS/tree.tar.zst" | tar -x --numeric-owner --xattrs --xattrs-include='*' -C "$TREE"
else
  # what dracut has to know; it runs once, when all packages are there, and not from within the kernel's
  tar -x --zstd -f "$INPUTS/files.tar.zst" -C "$TREE" ./etc/dracut.conf.d ./usr/lib/dracut
  mkdir -p "$TREE/etc/kernel/install.d" "$TREE/dev" "$TREE/proc" "$TREE/sys"
  ln -sfn /dev/null "$TREE/etc/kernel/install.d/50-dracut.install"
  trap 'umount "$TREE/dev" "$TREE/proc" "$TREE/sys" 2> /dev/null || true' EXIT
  mount --bind /dev "$TREE/dev"
  mount -t proc proc "$TREE/proc"
  mount -t sysfs sysfs "$TREE/sys"
  # Repositories and their variables are the build machine's, as long as the tree has none (dnf(8), --installroot).
  # shellcheck disable=SC2046 # a word each
  dnf -y --installroot="$TREE" --releasever="$RELEASE" --setopt=install_weak_deps=False --setopt=tsflags=nodocs \
    install $(cat "$INPUTS/packages")
  dnf -y --installroot="$TREE" clean all
  kernel=$(ls "$TREE/usr/lib/modules")
  rm -rf "$TREE"/boot/vmlinuz-* "$TREE"/boot/init* "$TREE/etc/kernel/install.d"
  cp "$TREE/usr/lib/modules/$kernel/vmlinuz" "$TREE/boot/vmlinuz-$kernel"
  chroot "$TREE" dracut --force --kver "$kernel" "/boot/initramfs-$kernel.img"
  # what comes next empties these folders: they have to be the tree's own by then
  umount "$TREE/dev" "$TREE/proc" "$TREE/sys"
fi
# The hashes lie behind the file system, which systemd 254 was the first to take (veritytab(5)). Without, no box would start.
grep -q hash-offset= "$TREE/usr/lib/systemd/systemd-veritysetup" || {
  echo 'systemd of this base does not know hash-offset= and could not start a verified root (docs/building-centos.md)' >&2
  exit 1
}
