// What differs between bases: one row a base, so that neither the scripts in packer/provision nor those that build know bases
// by name. `node appliance/bases.ts centos-stream-10` prints the row's settings as packer reads them.
import { builderPackagesFor, type Family } from './packages.ts'

export const baseNames = ['centos-stream-10', 'centos-stream-9', 'debian-13'] as const
export type BaseName = (typeof baseNames)[number]

export interface BaseRow {
  readonly family: Family
  /** What configures the network, as in image.json. */
  readonly network: 'networkd' | 'networkmanager'
  /** Row of `guests` in ova/hardware.json. */
  readonly guest: 'debian' | 'centos-stream'
  /** How the list of what is installed is written. */
  readonly packages: 'dpkg' | 'rpm'
  /** Oldest processor that starts it, as the x86-64 psABI names them. */
  readonly processor: 'x86-64' | 'x86-64-v2' | 'x86-64-v3'
}

/** Environment of packer/provision/*.sh. Paths without a slash in front are below the root of the box. */
export interface Settings {
  readonly GRUB_MKIMAGE: string
  readonly GRUB_SETUP: string
  readonly RESOLV_CONF: string
  readonly CHRONY_CONF: string
  readonly CHRONY_USER: string
  /** Vendor zone of the NTP pool: each vendor has its own (ntppool.org, "vendors"). */
  readonly NTP_ZONE: string
  readonly PACKAGE_DATABASE: string
  /** Labels of SELinux; empty: there is none. */
  readonly FILE_CONTEXTS: string
  /** What the build machine installs before it begins; empty: it was made with all of it. */
  readonly BUILDER_PACKAGES: string
}

const families: Readonly<Record<Family, Settings>> = {
  debian: {
    GRUB_MKIMAGE: 'grub-mkimage',
    GRUB_SETUP: '/usr/lib/grub/i386-pc/grub-bios-setup',
    RESOLV_CONF: '/run/systemd/resolve/resolv.conf',
    CHRONY_CONF: 'etc/chrony/chrony.conf',
    CHRONY_USER: '_chrony',
    NTP_ZONE: '2.debian.pool.ntp.org',
    PACKAGE_DATABASE: 'dpkg',
    FILE_CONTEXTS: '',
    BUILDER_PACKAGES: '',
  },
  centos: {
    GRUB_MKIMAGE: 'grub2-mkimage',
    GRUB_SETUP: 'grub2-bios-setup',
    RESOLV_CONF: '/run/NetworkManager/resolv.conf',
    CHRONY_CONF: 'etc/chrony.conf',
    CHRONY_USER: 'chrony',
    NTP_ZONE: '2.centos.pool.ntp.org',
    PACKAGE_DATABASE: 'rpm',
    FILE_CONTEXTS: 'etc/selinux/targeted/contexts/files/file_contexts',
    BUILDER_PACKAGES: builderPackagesFor('centos').join(' '),
  },
}

const centos = { family: 'centos', network: 'networkmanager', guest: 'centos-stream', packages: 'rpm' } as const

export const bases: Readonly<Record<BaseName, BaseRow>> = {
  'centos-stream-10': { ...centos, processor: 'x86-64-v3' },
  'centos-stream-9': { ...centos, processor: 'x86-64-v2' },
  'debian-13': { family: 'debian', network: 'networkd', guest: 'debian', packages: 'dpkg', processor: 'x86-64' },
}

export const settingsOf = (base: BaseName): Settings => families[bases[base].family]

if (import.meta.main) {
  const base = baseNames.find(name => name === process.argv[2])
  if (base === undefined) throw new Error(`node appliance/bases.ts ${baseNames.join('|')}, not '${process.argv[2]}'`)
  console.log(JSON.stringify({ base, settings: settingsOf(base) }, null, 2))
}
