import type { ParamSpec, ParamType, ParamValue } from './moduleparam.ts'

/** What a module may say of itself, for `export const info = { … } satisfies ModuleDeclaration`. */
export interface ModuleDeclaration {
  readonly description?: string
  readonly version?: string
  readonly license?: string
  readonly author?: string
  readonly params?: Readonly<Record<string, ParamSpec>>
  readonly aliases?: readonly string[]
  readonly softdeps?: { readonly pre?: readonly string[]; readonly post?: readonly string[] }
  /** Once in, it stays in. */
  readonly permanent?: boolean
  /** A stricter scheme than the kernel's. */
  readonly scheme?: 'refcount' | 'retain' | 'collect'
}

interface TypeOf {
  string: string
  number: number
  int: number
  boolean: boolean
  'string[]': readonly string[]
}

/** A literal without `as const` has a `type` of any string; then its default tells. */
type ByDefault<Value> = Value extends string
  ? string
  : Value extends number
    ? number
    : Value extends boolean
      ? boolean
      : Value extends readonly unknown[]
        ? readonly string[]
        : ParamValue

type ParamOf<Spec> = Spec extends { readonly type: infer Type extends ParamType }
  ? TypeOf[Type] | IfAbsent<Spec>
  : Spec extends { readonly default: infer Value }
    ? ByDefault<Value>
    : ParamValue | undefined

type IfAbsent<Spec> = Spec extends { readonly default: ParamValue } ? never : undefined

/**
 * The types of `k.params`, from the type of `info`.
 *
 * @example
 * const info = { params: { port: { type: 'int', default: 80 }, host: { type: 'string' } } } as const
 * type Params = ParamsOf<typeof info> // { readonly port: number; readonly host: string | undefined }
 */
export type ParamsOf<Info> = Info extends { readonly params: infer Specs }
  ? { readonly [Name in keyof Specs]: ParamOf<Specs[Name]> }
  : Readonly<Record<string, unknown>>
