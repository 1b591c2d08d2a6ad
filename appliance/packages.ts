// What a box is made of besides our own files: one table for all bases, so that nothing is on one and missing on another by
// accident. Dependencies come by themselves, recommendations never. `node appliance/packages.ts debian` prints a column,
// `node appliance/packages.ts debian builder` that of the machine that composes the disk.

/** Families of bases: they name the same things differently. */
export type Family = 'debian' | 'centos'

interface PackageRow {
  readonly why: string
  readonly debian: readonly string[]
  readonly centos: readonly string[]
}

export const packages: readonly PackageRow[] = [
  {
    why: 'a shell and its tools (in Debian they are essential, and there without being named), and no locales',
    debian: [],
    centos: [
      'centos-stream-release',
      'bash',
      'coreutils',
      'diffutils',
      'grep',
      'sed',
      'tar',
      'util-linux',
      'shadow-utils',
      'glibc-minimal-langpack',
    ],
  },
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
  { why: "FAT read in user space, so that no kernel driver meets a stranger's stick", debian: ['mtools'], centos: ['mtools'] },
  { why: 'the console: keyboard and font', debian: ['kbd'], centos: ['kbd'] },
  { why: 'mandatory access control', debian: ['apparmor'], centos: ['selinux-policy-targeted', 'policycoreutils'] },
  {
    why: 'security updates of the base, into the other slot',
    debian: ['ca-certificates', 'debian-archive-keyring'],
    centos: ['dnf', 'ca-certificates'],
  },
  { why: 'signatures of releases', debian: ['openssl'], centos: ['openssl'] },
  { why: 'the initramfs is packed with it', debian: ['zstd'], centos: ['zstd'] },
  { why: 'the time zone names of settings and logs', debian: ['tzdata'], centos: ['tzdata'] },
]

/** The machine that composes the disk. Debian's is bootstrapped with its column; a cloud image of CentOS installs it. */
export const builderPackages: readonly PackageRow[] = [
  { why: 'partitions', debian: ['gdisk', 'fdisk'], centos: ['gdisk'] },
  { why: 'file systems', debian: ['dosfstools', 'mtools', 'e2fsprogs'], centos: ['dosfstools', 'mtools', 'e2fsprogs'] },
  { why: 'hash tree of the root', debian: ['cryptsetup-bin'], centos: ['veritysetup'] },
  {
    why: 'boot loader, for BIOS and EFI',
    debian: ['grub-common', 'grub-pc-bin', 'grub-efi-amd64-bin'],
    centos: ['grub2-tools', 'grub2-tools-minimal', 'grub2-tools-extra', 'grub2-pc-modules', 'grub2-efi-x64-modules'],
  },
  { why: 'archives and modules', debian: ['zstd', 'kmod'], centos: ['zstd', 'tar', 'kmod'] },
  { why: 'labels of the tree (setfiles)', debian: [], centos: ['policycoreutils'] },
]

export const packagesFor = (family: Family): readonly string[] => packages.flatMap(row => row[family])
export const builderPackagesFor = (family: Family): readonly string[] => builderPackages.flatMap(row => row[family])

if (import.meta.main) {
  const [family, machine] = process.argv.slice(2)
  if (family !== 'debian' && family !== 'centos') throw new Error(`node appliance/packages.ts debian|centos [builder], not '${family}'`)
  console.log((machine === 'builder' ? builderPackagesFor(family) : packagesFor(family)).join('\n'))
}
