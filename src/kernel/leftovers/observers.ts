import type { IntervalHistogram, PerformanceObserver } from 'node:perf_hooks'
import { type CallSite, captureCallSite } from './call_site.ts'
import { trackHandle } from './handle.ts'
import { type Leftovers, NOT_OPEN, type Resource } from './leftovers.ts'
import { standFor, viewOpener } from './view_object.ts'

type ObserverClass = new (...args: unknown[]) => PerformanceObserver

/** `PerformanceObserver` and `monitorEventLoopDelay` of `node:perf_hooks`. */
export const viewObservers = (
  real: { PerformanceObserver: Function; monitorEventLoopDelay: Function },
  leftovers: Leftovers,
): object => ({
  PerformanceObserver: viewObserver(real.PerformanceObserver as ObserverClass, leftovers),
  monitorEventLoopDelay: viewOpener(real.monitorEventLoopDelay, (monitor: IntervalHistogram, site) =>
    trackHandle(leftovers, monitor, MONITOR, site),
  ),
})

/** An observer does not tell whether it observes, so the methods do that begin and end it. */
function viewObserver(Real: ObserverClass, leftovers: Leftovers): Function {
  const observing = new WeakMap<PerformanceObserver, Resource>()

  class View extends Real {
    override observe(...args: Parameters<PerformanceObserver['observe']>): void {
      super.observe(...args)
      if (observing.has(this)) return
      const resource = observed(this, captureCallSite(View.prototype.observe))
      observing.set(this, resource)
      leftovers.add(resource)
    }

    override disconnect(): void {
      const resource = observing.get(this)
      if (resource) leftovers.remove(resource)
      observing.delete(this)
      super.disconnect()
    }
  }
  return standFor(View, Real)
}

const observed = (observer: PerformanceObserver, site: CallSite): Resource => ({
  kind: 'observer',
  site,
  what: () => 'performance observer',
  close: () => observer.disconnect(),
})

/** It tells whether it was enabled when it is disabled. */
const MONITOR = {
  kind: 'observer',
  what: () => 'monitor of event loop delay',
  isOpen: () => true,
  close: (monitor: IntervalHistogram) => (monitor.disable() ? undefined : NOT_OPEN),
} as const
