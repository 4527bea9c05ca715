export { type Exploration, type ExploreOptions, explore, type Race } from './explore.ts'
export { DEFAULT_LIMITS, type Limits, type Progress, type Reached } from './limits.ts'
export {
  type Actor,
  type Cell,
  END,
  type Fragment,
  type Invariant,
  Memory,
  type Model,
  type Outcome,
  RacesModelError,
  type State,
  type Step,
  type Violation,
  type ViolationKind,
} from './model.ts'
export { createModel, isModelName, LARGEST, MODEL_NAMES, type ModelName, modelOfSeed } from './models/index.ts'
export { type Size, SMALLEST } from './models/parts.ts'
export { type Replay, type ReplayedStep, replay } from './replay.ts'
export { columns, schemeTable } from './table.ts'
export { SCHEMES as THREAD_SCHEMES, type Scheme as ThreadScheme } from './threads/shared.ts'
export { DEFAULT_STRESS, type StressOptions, type StressResult, stress, stressAll } from './threads/stress.ts'
export { timeline } from './timeline.ts'
