/** [[Status]] of a Cyclic Module Record (ECMA-262, 16.2.1.6), each with what is known only then. */
export type EvaluationStatus =
  | { readonly is: 'unlinked' }
  | { readonly is: 'linked' }
  | { readonly is: 'evaluating'; readonly index: number; ancestorIndex: number }
  | { readonly is: 'evaluating-async' }
  | { readonly is: 'evaluated' }
  | { readonly is: 'failed'; readonly error: unknown }

const NEXT: Readonly<Record<EvaluationStatus['is'], readonly EvaluationStatus['is'][]>> = {
  unlinked: ['linked'],
  linked: ['evaluating'],
  evaluating: ['evaluating-async', 'evaluated', 'failed'],
  'evaluating-async': ['evaluated', 'failed'],
  evaluated: [],
  failed: [],
}

/** What has been evaluated, or has failed, stays so. */
export const mayFollow = (from: EvaluationStatus, to: EvaluationStatus): boolean => NEXT[from.is].includes(to.is)

export interface Promised {
  readonly promise: Promise<void>
  resolve(): void
  reject(error: unknown): void
}
