#!/bin/sh
# What a box has no use for, and what would differ between two builds.
set -eu
cd "$TREE"
if [ -d var/lib/dpkg ]; then cp var/lib/dpkg/status "$WORK/installed"; else rpm --root "$TREE" -qa --queryformat "$RPM_QUERY" > "$WORK/installed"; fi
mkdir -p usr/lib/sysimage
for database in dpkg rpm; do
  if [ -d "var/lib/$database" ] && [ ! -L "var/lib/$database" ]; then mv "var/lib/$database" usr/lib/sysimage/; fi
done
rm -f usr/lib/sysimage/dpkg/*-old usr/lib/sysimage/dpkg/lock*
# drivers of what no box has: pictures, sound, radio, and network cards that are no Ethernet
for drivers in drivers/gpu/drm/amd drivers/gpu/drm/nouveau drivers/gpu/drm/radeon drivers/media drivers/net/wireless drivers/infiniband \
  drivers/bluetooth drivers/isdn drivers/accel drivers/staging drivers/iio sound net/bluetooth net/mac80211 net/wireless net/nfc net/sctp; do
  rm -rf usr/lib/modules/*/kernel/"$drivers"
done
# and what such devices would have loaded into them (Debian's kernel brings none)
for firmware in amdgpu nvidia radeon amdnpu intel/ipu intel/avs intel/sof iwlwifi ath brcm cypress mediatek mrvl qca qcom rtl_bt rtlwifi \
  rtw88 rtw89 ti-connectivity libertas dvb v4l mellanox; do
  # shellcheck disable=SC2086 # patterns
  rm -rf usr/lib/firmware/$firmware*
done
for version in usr/lib/modules/*; do depmod -b "$TREE" "${version##*/}"; done
# profiles for programs that are not here: reading them takes a third of a start
find etc/apparmor.d -maxdepth 1 -type f ! -name 'usr.lib.cyberalarm*' -delete 2> /dev/null || true
# kernel and initramfs lie on the partition `boot`
mkdir -p "$WORK/boot" && mv boot/vmlinuz-* boot/initr*-* "$WORK/boot/"
rm -rf boot initrd.img* vmlinuz* usr/share/locale usr/share/man usr/share/info usr/share/lintian usr/share/bug
rm -rf etc/ssh/ssh_host_* etc/*- root/.??* etc/.pwd.lock etc/.updated var run tmp dev proc sys mnt/* media/* srv/*
mkdir -m 755 -p var run dev proc sys boot && mkdir -m 1777 tmp
# /var starts empty: it is the partition `data`, and this is what that begins with
mkdir -p "$WORK/data/lib" "$WORK/data/log" "$WORK/data/cache" && mkdir -p "$WORK/data/tmp" && chmod 1777 "$WORK/data/tmp"
ln -sfn /run "$WORK/data/run"
# nobody logs in, so nothing has to run with the rights of another
find usr -type f -perm /6000 -exec chmod ug-s {} +
# every time stamp is that of the commit
find . "$WORK/data" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
