/** Control characters but tabs, the line ends of Unicode, and what turns the direction of writing: they break a line, move a cursor, or hide what is there. */
const UNPRINTABLE = /[^\P{Cc}\t]|[\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r' }

const escaped = (char: string): string => SHORT[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`

/** As people are shown it, in one line whatever is in it: names of files may hold anything but a zero byte. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escaped)
