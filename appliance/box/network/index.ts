// The one table of network services, by the name that image.json has for them.

import { networkd } from './networkd.ts'
import { networkManager } from './networkmanager.ts'
import type { NetworkBackend } from './plan.ts'

export const networkBackends = { networkd, networkmanager: networkManager } as const satisfies Readonly<Record<string, NetworkBackend>>
