// Byte planes: how columns of numbers are written (README.md, `planes(w)`).

/** All lowest bytes first, then all second ones, and so on: bytes of one significance compress well together. */
export function planes(values: Uint32Array, width = 0): Buffer {
  let largest = 0
  for (const value of values) if (value > largest) largest = value
  const bytes = width > 0 ? width : largest < 256 ? 1 : largest < 65536 ? 2 : 3
  const out = Buffer.allocUnsafe(values.length * bytes)
  for (let plane = 0; plane < bytes; plane++)
    for (let i = 0; i < values.length; i++) out[plane * values.length + i] = values[i] >>> (plane * 8)
  return out
}
