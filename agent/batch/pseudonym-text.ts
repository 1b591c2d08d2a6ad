// How a pseudonym of an internal address is written for people: `in-` and its 16 bytes in hexadecimal.

export const pseudonymText = (bytes: Uint8Array): string => `in-${Buffer.from(bytes).toString('hex')}`

/** The 16 bytes, or undefined if the text is no pseudonym. */
export function parsePseudonym(text: string): Uint8Array | undefined {
  return /^in-[0-9a-f]{32}$/.test(text) ? Buffer.from(text.slice(3), 'hex') : undefined
}
