// Opens the sources that the settings ask for, on sockets handed over by systemd where there are any.
import { hostname } from 'node:os'
import { Failure } from './errors.ts'
import type { InputName } from './ledger/accounting.ts'
import type { Log } from './log.ts'
import type { Paths } from './paths.ts'
import type { Settings } from './settings.ts'
import type { HandedOver } from './sources/handed-over.ts'
import type { Sink, Source } from './sources/source.ts'
