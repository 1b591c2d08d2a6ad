// What a box is made of besides our own files: one table for all bases, so that nothing is on one and missing on another by
// accident. Dependencies come by themselves, recommendations never. `node appliance/packages.ts debian` prints a column.

/** Families of bases: they name the same things differently. */
export type Family = 'debian' | 'centos'

interface PackageRow {
  readonly why: string
  readonly debian: readonly string[]
  readonly centos: readonly string[]
}

export const packages: readonly PackageRow[] = [
  { why: 'services and their sandboxes', debian: ['systemd', 'systemd-sysv', 'dbus'], centos: ['systemd', 'dbus-broker'] },
  { why: 'devices', debian: ['udev', 'kmod'], centos: ['systemd-udev', 'kmod'] },
  { why: 'kernel for virtual and real machines alike', debian: ['linux-image-amd64'], centos: ['kernel-core', 'kernel-modules'] },
  {
    why: 'start from a verified root (dm-verity)',
    debian: ['dracut', 'systemd-cryptsetup', 'cryptsetup-bin'],
    centos: ['dracut', 'veritysetup'],
  },
  { why: 'the data partition: check, make, grow', debian: ['e2fsprogs', 'systemd-repart'], centos: ['e2fsprogs'] },
  { why: 'network and names', debian: ['systemd-resolved', 'iproute2'], centos: ['NetworkManager', 'iproute'] },
  { why: 'what may reach the box', debian: ['nftables'], centos: ['nftables'] },
  { why: 'the right time, without which neither certificates nor events are worth much', debian: ['chrony'], centos: ['chrony'] },
  { why: 'settings from vSphere, and a clean shutdown by it', debian: ['open-vm-tools'], centos: ['open-vm-tools'] },
  {
    why: "FAT and ISO read in user space, so that no kernel driver meets a stranger's stick",
    debian: ['mtools', 'libarchive-tools'],
    centos: ['mtools', 'bsdtar'],
  },
  { why: 'the console in the wall of a rack: keyboard and font', debian: ['kbd'], centos: ['kbd'] },
  { why: 'mandatory access control', debian: ['apparmor'], centos: ['selinux-policy-targeted', 'policycoreutils'] },
  {
    why: 'security updates of the base, into the other slot',
    debian: ['ca-certificates', 'debian-archive-keyring'],
    centos: ['dnf', 'ca-certificates'],
  },
  { why: 'the initramfs is packed with it', debian: ['zstd'], centos: ['zstd'] },
  { why: 'the time zone names of settings and logs', debian: ['tzdata'], centos: ['tzdata'] },
]

export const packagesFor = (family: Family): readonly string[] => packages.flatMap(row => row[family])

if (import.meta.main) {
  const family = process.argv[2]
  if (family !== 'debian' && family !== 'centos') throw new Error(`node appliance/packages.ts debian|centos, not '${family}'`)
  console.log(packagesFor(family).join('\n'))
}
