// What the box's network shall be, and how a network service is told. A plan is pure data; a backend renders it into files.
import { isIPv4 } from 'node:net'
import { DEFAULT_HOST_NAME } from '../../../agent/settings/rows/network.ts'
import type { BoxSettings } from '../settings/box-settings.ts'

export interface NetworkPlan {
  /** Ethernet cards that are there, in natural order of their names. */
  readonly cards: readonly string[]
  /**
   * The card that the fixed addresses go to: the first one. Firmware and slot numbers give names in ascending order (eth0, ens160,
   * ens192), so the first is the one that the hypervisor and the label on the case call the first. Undefined: no fixed addresses, or
   * no card is there yet, and then whatever card comes gets them.
   */
  readonly card: string | undefined
  /** With prefix length. A family without one takes DHCP (IPv4), or router advertisements and what they say of DHCPv6. */
  readonly addresses: readonly string[]
  readonly gateways: readonly string[]
  readonly dns: readonly string[]
  /** How the box calls itself to DHCP servers: its own name may be set later than the network starts. */
  readonly hostName: string
}

export interface NetworkFile {
  readonly name: string
  readonly text: string
  readonly mode: number
}

export interface NetworkBackend {
  /** Of the service, to ask whether it runs. */
  readonly unit: string
  /** What such files are called that we may remove when we do not write them. */
  readonly own: RegExp
  render(plan: NetworkPlan): readonly NetworkFile[]
  /** Commands that make a running service take the files up. */
  reload(plan: NetworkPlan): readonly (readonly string[])[]
}

export function planNetwork(cards: readonly string[], settings: BoxSettings): NetworkPlan {
  const addresses = settings['network.address']
  return {
    cards,
    card: addresses.length === 0 ? undefined : cards[0],
    addresses,
    gateways: settings['network.gateway'],
    dns: settings['network.dns'],
    hostName: settings['host.name'] || DEFAULT_HOST_NAME,
  }
}

/** Whether a family is left to the network to tell. */
export const isAutomatic = (plan: NetworkPlan, v4: boolean): boolean => !plan.addresses.some(one => isIPv4(one.split('/')[0]) === v4)

/** The plan for cards that have no fixed address. */
export const automatic = (plan: NetworkPlan): NetworkPlan => ({ ...plan, card: undefined, addresses: [], gateways: [] })
