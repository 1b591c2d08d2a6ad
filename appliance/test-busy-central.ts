// Stands in central's place and with its keys, and answers every request with one status: node test-busy-central.ts FOLDER PORT STATUS
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'

const [folder, port, status] = process.argv.slice(2)
const pem = readFileSync(join(folder, 'server.pem'), 'utf8')
const authority = new X509Certificate(readFileSync(join(folder, 'authority.pem'))).toString()
const cert = pem.slice(pem.indexOf('-----BEGIN CERT')) + authority
createServer({ cert, key: pem, requestCert: true, rejectUnauthorized: false }, (request, answer) => {
  request.resume()
  answer.writeHead(Number(status), { 'content-type': 'application/json', 'retry-after': '1' }).end('{"code":"busy"}')
}).listen(Number(port), 'localhost', () => console.log('listens'))
