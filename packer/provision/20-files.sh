#!/bin/sh
# Our own files over the tree: appliance/rootfs and the release. Then accounts, and which units run.
set -eu
tar -x --zstd --no-same-owner -f "$INPUTS/files.tar.zst" -C "$TREE"
ln -sfn ../lib/cyberalarm/bin/cyberalarm "$TREE/usr/bin/cyberalarm"
ln -sfn /var/lib/cyberalarm-box/etc "$TREE/etc/cyberalarm"
ln -sfn "${RESOLV_CONF:-/run/systemd/resolve/resolv.conf}" "$TREE/etc/resolv.conf"
ln -sfn /usr/share/zoneinfo/UTC "$TREE/etc/localtime"
# names that differ between bases (appliance/bases.ts); the files have Debian's
sed -i "s/_chrony/${CHRONY_USER:-_chrony}/g; s/2\.debian\.pool\.ntp\.org/${NTP_ZONE:-2.debian.pool.ntp.org}/; s#/dpkg#/${PACKAGE_DATABASE:-dpkg}#g" \
  "$TREE/etc/chrony/chrony.conf" "$TREE/usr/lib/cyberalarm/time.sources" "$TREE/usr/lib/tmpfiles.d/box.conf"
[ "${CHRONY_CONF:-etc/chrony/chrony.conf}" = etc/chrony/chrony.conf ] || mv "$TREE/etc/chrony/chrony.conf" "$TREE/$CHRONY_CONF"
# until the settings say how the box calls itself; a name in /etc/hostname would win over them
rm -f "$TREE/etc/hostname"
grep -q '^DEFAULT_HOSTNAME=' "$TREE/usr/lib/os-release" || echo DEFAULT_HOSTNAME=cyberalarm >> "$TREE/usr/lib/os-release"
: > "$TREE/etc/machine-id"
printf '127.0.0.1 localhost\n::1 localhost\n' > "$TREE/etc/hosts"
systemd-sysusers --root="$TREE"
# no account has a password, and none but those of services a shell to lose
sed -i 's/^\([^:]*\):[^:]*:/\1:!*:/' "$TREE/etc/shadow"
sed -i 's#:/bin/\(ba\)\?sh$#:/usr/sbin/nologin#' "$TREE/etc/passwd"
find "$TREE/etc/systemd/system" -mindepth 1 -delete
systemctl --root="$TREE" preset-all
systemctl --root="$TREE" set-default multi-user.target
systemctl --root="$TREE" mask getty@.service serial-getty@.service console-getty.service container-getty@.service \
  debug-shell.service emergency.service rescue.service ctrl-alt-del.target systemd-firstboot.service systemd-homed.service \
  kbrequest.target apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer systemd-machine-id-commit.service dracut-shutdown.service \
  systemd-journal-catalog-update.service systemd-hwdb-update.service ldconfig.service systemd-update-done.service systemd-pcrphase.service
