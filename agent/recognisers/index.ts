// The one table of recognisers, in the order in which they are asked. A gateway's last product is asked first.
import { ciscoAsa } from './products/cisco-asa/cisco-asa.ts'
import { fortigate } from './products/fortigate/fortigate.ts'
import { netfilter } from './products/netfilter/netfilter.ts'
import { paloalto } from './products/paloalto/paloalto.ts'
import { pfsense } from './products/pfsense/pfsense.ts'
import { sonicwall } from './products/sonicwall/sonicwall.ts'
import { sophosXg } from './products/sophos-xg/sophos-xg.ts'
import { sshd } from './products/sshd/sshd.ts'
import type { Recogniser } from './recogniser.ts'

export const recognisers: readonly Recogniser[] = [fortigate, sophosXg, sonicwall, ciscoAsa, paloalto, pfsense, sshd, netfilter]
