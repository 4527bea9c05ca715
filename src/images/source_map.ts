const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Where a place of generated text comes from. All count from 0. */
export interface Segment {
  readonly column: number
  readonly sourceLine: number
  readonly sourceColumn: number
}

/** The `mappings` of a source map (ECMA-426) by generated line. Segments without a source are left out. */
export function decodeMappings(mappings: string): Segment[][] {
  let sourceLine = 0
  let sourceColumn = 0
  return mappings.split(';').map(line => {
    let column = 0
    const segments: Segment[] = []
    for (const part of line.split(',')) {
      const fields = decodeFields(part)
      if (fields.length === 0) continue
      column += fields[0]!
      if (fields.length < 4) continue
      sourceLine += fields[2]!
      sourceColumn += fields[3]!
      segments.push({ column, sourceLine, sourceColumn })
    }
    return segments
  })
}

/** Base64 VLQ: five bits a digit, the sixth says that more follow, the first of all is the sign. */
function decodeFields(text: string): number[] {
  const fields: number[] = []
  let value = 0
  let shift = 0
  for (const char of text) {
    const digit = DIGITS.indexOf(char)
    value |= (digit & 31) << shift
    shift += 5
    if (digit & 32) continue
    fields.push(value & 1 ? -(value >>> 1) : value >>> 1)
    value = 0
    shift = 0
  }
  return fields
}
