// Serves a folder on loopback, as a download server would; prints its port. Run where the test's machine has its network.
import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'

const folder = process.argv[2]
const server = createServer((request, response) => {
  const path = join(folder, ...(request.url ?? '/').split('/').map(part => basename(part)))
  createReadStream(path)
    .on('error', () => response.writeHead(404).end())
    .pipe(response)
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
