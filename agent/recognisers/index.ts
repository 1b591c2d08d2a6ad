// The one table of recognisers, in the order in which they are asked. A gateway's last product is asked first.
import { ciscoAsa } from './cisco-asa.ts'
import { fortigate } from './fortigate.ts'
import { netfilter } from './netfilter.ts'
import { paloalto } from './paloalto.ts'
import { pfsense } from './pfsense.ts'
import type { Recogniser } from './recogniser.ts'
import { sonicwall } from './sonicwall.ts'
import { sophosXg } from './sophos-xg.ts'
import { sshd } from './sshd.ts'

export const recognisers: readonly Recogniser[] = [fortigate, sophosXg, sonicwall, ciscoAsa, paloalto, pfsense, sshd, netfilter]
