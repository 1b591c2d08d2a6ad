// Readers of what others send throw RangeError for what has another form; whoever asks is told so by undefined.

export function asRange<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
