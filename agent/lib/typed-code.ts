// A single-use code for people to type: 80 random bits as 16 letters of Crockford's base 32, and one more that checks the others.
// The check catches every single wrong letter and every swap of neighbours but one; it is for typing, not for security.

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Luhn's sum to base 32 over the letters' values, from the right. */
function checkLetter(letters: string): string {
  let sum = 0
  for (let i = 0; i < letters.length; i++) {
    const value = ALPHABET.indexOf(letters[letters.length - 1 - i]) * (i % 2 === 0 ? 2 : 1)
    sum += Math.floor(value / 32) + (value % 32)
  }
  return ALPHABET[(32 - (sum % 32)) % 32]
}

/** A new code in groups of four, for example `3M7A-...-...-...-K`. `random(n)` gives n random bytes. */
export function makeCode(random: (length: number) => Uint8Array): string {
  let letters = ''
  for (const byte of random(16)) letters += ALPHABET[byte & 31]
  const whole = letters + checkLetter(letters)
  return (whole.match(/.{1,4}/g) ?? []).join('-')
}

/** The code without groups and with look-alikes mended (O is 0, I and L are 1); undefined if the check fails. */
export function normaliseCode(text: string): string | undefined {
  const letters = text.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1')
  if (letters.length !== 17 || [...letters].some(letter => !ALPHABET.includes(letter))) return undefined
  return checkLetter(letters.slice(0, 16)) === letters[16] ? letters : undefined
}
