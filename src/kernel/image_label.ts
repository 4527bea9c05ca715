/** Which image of a module, as `hello#3`. */
interface ImageLabel {
  readonly name: string
  readonly generation: number
}

export const labelOf = ({ name, generation }: ImageLabel): string => `${name}#${generation}`

/** Undefined for what is no label. A file's name may have such a sign too, so the last one counts. */
export function parseLabel(text: string): ImageLabel | undefined {
  const [, name = '', generation] = /^(.+)#([1-9]\d*)$/s.exec(text) ?? []
  return generation === undefined ? undefined : { name, generation: Number(generation) }
}
