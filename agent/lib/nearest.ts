// What somebody meant who typed a name that does not exist.

/** The name that differs least from `word`, or undefined if each differs in more than a third of its letters. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map(name => ({ name, distance: distanceBetween(word, name) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(Math.max(word.length, name.length) / 3)))
    .sort((a, b) => a.distance - b.distance)
  return ranked[0]?.name
}

/**
 * Letters to add, leave out or change, or neighbours to swap, until one word is the other: the optimal string alignment
 * distance. Both are short, since the caller is a command line.
 */
function distanceBetween(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(change, rows[i - 1][j] + 1, row[j - 1] + 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1)
    }
    rows.push(row)
  }
  return rows[a.length][b.length]
}
