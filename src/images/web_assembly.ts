/** Of the WebAssembly JavaScript interface, what is used here. */
interface WebAssemblyInterface {
  readonly Module: {
    new (bytes: Uint8Array): WebAssemblyModule
    imports(module: WebAssemblyModule): WebAssemblyImport[]
    exports(module: WebAssemblyModule): { readonly name: string }[]
  }
  readonly Instance: new (module: WebAssemblyModule, imports?: object) => { readonly exports: unknown }
  readonly Global: new (...args: never[]) => { readonly value: unknown }
}

export interface WebAssemblyModule {
  readonly [Symbol.toStringTag]: string
}

export interface WebAssemblyImport {
  readonly module: string
  readonly name: string
}

const { WebAssembly } = globalThis as unknown as { readonly WebAssembly?: WebAssemblyInterface }
if (!WebAssembly) throw new Error('Outlive needs WebAssembly, which --jitless and --lite-mode take away')

/** As it was when the process began. */
export const { Module, Instance, Global } = WebAssembly
