// Ethernet cards of the machine, from /sys/class/net.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrorWithCode } from '../../../agent/lib/durable-file.ts'

/** ARPHRD_ETHER of <linux/if_arp.h>. */
const ETHERNET = '1'
const CARDS_MAX = 32
/** What the kernel takes for a name that is also safe as a value in a file of settings. */
const nameShape = /^[A-Za-z0-9_.:-]{1,15}$/

/** Names of cards that have hardware behind them and no antenna, in natural order: eth2 comes before eth10. */
export function readCards(folder: string): string[] {
  return namesIn(folder)
    .filter(name => nameShape.test(name) && isEthernetCard(join(folder, name)))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .slice(0, CARDS_MAX)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT')) return []
    throw error
  }
}

function isEthernetCard(path: string): boolean {
  try {
    const isEthernet = readFileSync(join(path, 'type'), 'utf8').trim() === ETHERNET
    return isEthernet && existsSync(join(path, 'device')) && !existsSync(join(path, 'wireless')) && !existsSync(join(path, 'phy80211'))
  } catch (error) {
    // a card that was pulled out meanwhile, or bonding_masters, which is a file
    if (isErrorWithCode(error, 'ENOENT', 'ENOTDIR', 'ENODEV')) return false
    throw error
  }
}
