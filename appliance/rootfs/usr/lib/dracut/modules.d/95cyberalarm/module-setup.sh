#!/bin/bash
# Finds the box's partitions, mounts `data`, and gives the box a machine id of its own, before its root is started.
check() { return 0; }
depends() { echo systemd-initrd; }
install() {
  inst_multiple e2fsck mount ln mkdir mv tr sync basename readlink grep
  # shellcheck disable=SC2154 # dracut says where this module is, and where the initramfs grows
  inst_script "$moddir/box-data.sh" /usr/lib/cyberalarm/box-data
  # systemd hands it on to services, and of dracut's modules only one that is not ours makes it
  ln -sf initrd-release "${initdir:?}/usr/lib/os-release"
  inst_simple "$moddir/cyberalarm-data.service" "${systemdsystemunitdir:?}/cyberalarm-data.service"
  systemctl -q --root "${initdir:?}" add-wants initrd-fs.target cyberalarm-data.service
}
