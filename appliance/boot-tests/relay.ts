// Leads what comes in on standard input to a port of this machine, and back.   node relay.ts PORT
import { connect } from 'node:net'

const socket = connect(Number(process.argv[2]), '127.0.0.1')
process.stdin.pipe(socket).pipe(process.stdout)
for (const end of [socket, process.stdin, process.stdout]) end.on('error', () => process.exit(1)).on('close', () => process.exit(0))
