// The image for QEMU, libvirt, Proxmox and OpenStack: qcow2 with compressed clusters. zlib and not zstd, because hosts older
// than QEMU 5.1 read only that. qemu-img writes clusters in order by default, so same image, same qemu-img:
// same bytes.
import { spawn } from 'node:child_process'
import { rename, rm, stat } from 'node:fs/promises'
import { resolve } from 'node:path'

export async function convertToQcow2(rawPath: string, qcow2Path: string, progress?: (done: number, all: number) => void): Promise<void> {
  const { size } = await stat(rawPath)
  const draft = `${resolve(qcow2Path)}.draft`
  try {
    // `file:` keeps a colon in a path from being read as a protocol
    const args = ['convert', '-p', '-c', '-f', 'raw', '-O', 'qcow2', '-o', 'compat=1.1,compression_type=zlib']
    await run([...args, `file:${resolve(rawPath)}`, `file:${draft}`], text => {
      const percent = /\((\d+\.\d+)\/100%\)/.exec(text)?.[1]
      if (percent !== undefined) progress?.((Number(percent) / 100) * size, size)
    })
    await rename(draft, qcow2Path)
  } finally {
    await rm(draft, { force: true })
  }
}

function run(args: readonly string[], onOutput: (text: string) => void): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn('qemu-img', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', onOutput)
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    child.on('error', cause => fail(new Error('qemu-img is missing: install the package qemu-utils', { cause })))
    child.on('close', code => (code === 0 ? done() : fail(new Error(`qemu-img ended with ${code}: ${errors.trim()}`))))
  })
}
