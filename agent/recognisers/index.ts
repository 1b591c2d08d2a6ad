// The one table of recognisers, in the order in which they are asked. A gateway's last product is asked first.
import type { Recogniser } from './recogniser.ts'

export const recognisers: readonly Recogniser[] = []
