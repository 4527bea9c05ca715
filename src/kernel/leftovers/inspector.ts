import type inspector from 'node:inspector'
import { type CallSite, captureCallSite } from './call_site.ts'
import type { Leftovers, Resource } from './leftovers.ts'
import { standFor, viewOpener } from './view_object.ts'

type Inspector = typeof inspector
type Session = inspector.Session
type SessionClass = new (...args: unknown[]) => Session

/** `Session` and `open` of `node:inspector` or `node:inspector/promises`. */
export const viewInspector = (real: Inspector, leftovers: Leftovers): object => ({
  Session: viewSession(real.Session as SessionClass, leftovers),
  open: viewOpener(real.open, (_, site) =>
    leftovers.add({
      kind: 'inspector',
      site,
      what: () => `inspector at ${real.url()}`,
      isOpen: () => real.url() !== undefined,
      isOver: () => real.url() === undefined,
      close: () => real.close(),
    }),
  ),
})

/** A session does not tell whether it is connected, so the methods do that connect it. */
function viewSession(Real: SessionClass, leftovers: Leftovers): Function {
  const connected = new WeakMap<Session, Resource>()
  const remember = (session: Session, site: CallSite): void => {
    const resource: Resource = {
      kind: 'inspector',
      site,
      what: () => 'inspector session',
      close: () => session.disconnect(),
    }
    connected.set(session, resource)
    leftovers.add(resource)
  }

  class View extends Real {
    override connect(): void {
      super.connect()
      remember(this, captureCallSite(View.prototype.connect))
    }

    override connectToMainThread(): void {
      super.connectToMainThread()
      remember(this, captureCallSite(View.prototype.connectToMainThread))
    }

    override disconnect(): void {
      const resource = connected.get(this)
      if (resource) leftovers.remove(resource)
      connected.delete(this)
      super.disconnect()
    }
  }
  return standFor(View, Real)
}
