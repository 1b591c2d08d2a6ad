#!/bin/sh
# Stands for veritysetup on machines without device-mapper: `open` verifies the whole file and makes a loop device of it. What dm-verity
# does in the kernel is seen in QEMU (boot-tests/).
# shellcheck disable=SC2086 # words
real=/usr/sbin/veritysetup
case $1 in
open)
  shift
  options=
  while [ "${1#--}" != "$1" ]; do options="$options $1" && shift; done
  "$real" verify $options "$1" "$3" "$4" || exit
  mkdir -p /dev/mapper
  ln -s "$(losetup --find --show --read-only "$1")" "/dev/mapper/$2"
  ;;
close) losetup -d "$(readlink "/dev/mapper/$2")" && rm "/dev/mapper/$2" ;;
*) exec "$real" "$@" ;;
esac
