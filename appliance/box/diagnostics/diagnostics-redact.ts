// Takes out of text what must not leave the box: addresses become numbers (the same one the same number, all through one file),
// names of machines a word, and codes and passwords nothing.
import { isIP } from 'node:net'
import { literal, withoutSecrets } from '../../../agent/lib/redact.ts'

/** Candidates; net.isIP decides. IPv6 has at least two colons. Long runs of digits and dots are tried from their beginning. */
const candidate = /(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.]{0,15}|\d{1,3}(?:\.\d{1,3}){3}/g
const cardAddress = /\b[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}\b/g
const pseudonym = /\bin-[0-9a-f]{32}\b/g
/** Addresses as they stand in names of hosts: 10-1-2-3, and IPv6 with its colons as dashes, two of them together. */
const dashed = /\b\d{1,3}([-_])\d{1,3}\1\d{1,3}\1\d{1,3}\b|\b(?=[0-9A-Fa-f-]*--)[0-9A-Fa-f]{1,4}(?:--?[0-9A-Fa-f]{1,4})+\b/g
/** Not the names of systemd's units, of which some have an @. */
const mail = /[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.(?!(?:service|socket|target|timer|path|mount|slice|scope|device)\b)[A-Za-z]{2,}\b/g

/** Any address, and this machine's own. */
const sayNothing = ['::', '::1', '0.0.0.0', '127.0.0.1']

export class Redactor {
  private readonly numbers = new Map<string, number>()
  /** Each in any case: host names have none (RFC 4343). */
  private readonly names: readonly RegExp[]
  private readonly secrets: readonly string[]

  /** `names`: of this box and of machines of the member. `secrets`: of this box, as `secretsOf` gives them. */
  constructor(names: readonly string[], secrets: readonly string[] = []) {
    // a name such as `a` would tear every word apart, and the name of every box says nothing
    this.names = names
      .filter(name => name.length > 2 && !'cyberalarm'.includes(name.toLowerCase()))
      .sort((a, b) => b.length - a.length)
      .map(name => new RegExp(literal(name), 'gi'))
    this.secrets = secrets
  }

  /** `address-3` for the third address met. */
  address(text: string): string {
    const known = text.toLowerCase()
    const number = this.numbers.get(known) ?? this.numbers.size + 1
    this.numbers.set(known, number)
    return `address-${number}`
  }

  text(text: string): string {
    const withoutAddresses = withoutSecrets(text, this.secrets)
      .replace(mail, 'mail-address')
      .replace(cardAddress, 'card-address')
      .replace(pseudonym, 'pseudonym')
      .replace(candidate, found => this.inRun(found))
      .replace(dashed, 'address')
    return this.names.reduce((result, name) => result.replace(name, 'name'), withoutAddresses)
  }

  /** A time such as 10:20:30 looks like the beginning of an IPv6 address, and an address may have a colon behind it. */
  private inRun(found: string): string {
    for (let cut = 0; cut <= 2 && cut < found.length; cut++) {
      const shorter = found.slice(0, found.length - cut)
      if (isIP(shorter) !== 0) return (sayNothing.includes(shorter) ? shorter : this.address(shorter)) + found.slice(found.length - cut)
    }
    // no address, but perhaps a part of one: beside `file:12:` and times nothing of ours has so many colons or dots
    return found.split(':').length > 3 || !found.includes(':') ? 'address' : found
  }
}
