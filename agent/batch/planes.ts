// Byte planes: how columns of numbers are written (README.md, `planes(w)`).

/** All lowest bytes first, then all second ones, and so on: bytes of one significance compress well together. */
export function planes(values: Uint32Array, width = 0): Buffer {
  const { length } = values
  let largest = 0
  for (let i = 0; i < length; i++) if (values[i] > largest) largest = values[i]
  const bytes = width > 0 ? width : largest < 256 ? 1 : largest < 65536 ? 2 : 3
  const out = Buffer.allocUnsafe(length * bytes)
  for (let plane = 0; plane < bytes; plane++) for (let i = 0; i < length; i++) out[plane * length + i] = values[i] >>> (plane * 8)
  return out
}
