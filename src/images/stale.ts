const thrown = (error: Error): never => {
  throw error
}

/** Stands for an import that was cut off: every operation on it throws, except `typeof`. */
export const staleBinding = (error: () => Error): unknown =>
  new Proxy(() => {}, new Proxy({}, { get: () => () => thrown(error()) }))

/** Stands for the exports of a file that was cut off. */
export const staleValues = (error: (name: string) => Error): Readonly<Record<string, unknown>> =>
  new Proxy({}, { get: (_target, name) => thrown(error(String(name))) })
