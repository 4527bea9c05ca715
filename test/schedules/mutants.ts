/** A mistake that one could make in the kernel, as a change of its built text. */
export interface Mutant {
  readonly mistake: string
  /** Below `build/src/kernel`. */
  readonly file: string
  readonly changes: readonly (readonly [from: string, to: string])[]
  /** Of its schedules, where those of the others take long to meet it. */
  readonly seed?: number
}

export const MUTANTS: readonly Mutant[] = [
  {
    mistake: 'withdraw after exit instead of before',
    file: 'free_module.js',
    changes: [
      [
        `    module.gate.withdraw();\n    module.transition({ is: 'GOING', phase: 'leaving', loaded, since: Date.now() }, () => loaded.context.withdraw())`,
        `    module.transition({ is: 'GOING', phase: 'leaving', loaded, since: Date.now() })`,
      ],
      ['    release(module);\n', '    module.gate.withdraw();\n    context.withdraw();\n    release(module);\n'],
    ],
  },
  {
    mistake: 'close the gate after the calls have drained instead of before',
    file: 'free_module.js',
    changes: [
      [
        `    module.gate.withdraw();\n    module.transition({ is: 'GOING', phase: 'leaving'`,
        `    module.transition({ is: 'GOING', phase: 'leaving'`,
      ],
      [
        '    context.abort();\n    const exitError',
        '    module.gate.withdraw();\n    context.abort();\n    const exitError',
      ],
    ],
  },
  {
    mistake: 'forget to count an asynchronous call',
    file: 'call_gate.js',
    changes: [
      [
        'return this.track(result, cell.name).finally(() => count.leave(cell.name));',
        'count.leave(cell.name);\n        return this.track(result, cell.name);',
      ],
    ],
  },
  {
    mistake: 'forget that an asynchronous call is in flight',
    file: 'call_gate.js',
    changes: [['track(result, name) {', 'track(result, name) {\n        return result;']],
  },
  {
    mistake: 'swap registrations in two ticks',
    file: 'swap.js',
    changes: [
      ['export function swap(core', 'export async function swap(core'],
      [
        '    const tell = successions',
        '    for (const { context } of previous)\n        context.suspend();\n    await undefined;\n    const tell = successions',
      ],
    ],
  },
  {
    mistake: 'swap without looking whether the old image is still there',
    seed: 20_030_117,
    file: 'swap.js',
    changes: [["if (state.is === 'LIVE' && core.modules.get(name) === old)", 'if (state.loaded)']],
  },
  {
    mistake: 'not restore the old entries when a replace fails',
    file: 'livepatch.js',
    changes: [
      [
        'core.log.error(`not replaced',
        'core.modules.get(name)?.state.loaded?.context.suspend(), core.log.error(`not replaced',
      ],
    ],
  },
  {
    mistake: 'leave importers bound to the old image',
    file: 'swap.js',
    changes: [['    relinkAll();\n', '']],
  },
  {
    mistake: 'point importers at the first of several new images alone',
    file: 'swap.js',
    seed: 1077,
    changes: [['relink([...importers.keys()], moves,', 'relink([...importers.keys()], moves.slice(0, 1),']],
  },
  {
    mistake: 'publish before init has ended',
    file: 'load_module.js',
    changes: [
      [
        `module.transition({ is: 'COMING', loaded });\n`,
        `module.transition({ is: 'COMING', loaded });\n    context.publish();\n`,
      ],
    ],
  },
  {
    mistake: 'link before the wait for handoff, and hold after it',
    seed: 200,
    file: 'load_module.js',
    changes: [
      [
        'const inherited = await info.inherit?.();',
        'const held = dependencies.hold();\n        image.link(held);\n        const inherited = await info.inherit?.();',
      ],
      ['image.link(dependencies.hold());', ''],
    ],
  },
  {
    mistake: 'forget to hold what is imported',
    file: 'dependencies.js',
    changes: [['this.#module.hold(module);', ';']],
  },
  {
    mistake: 'forget to release holders',
    file: 'free_module.js',
    changes: [['    release(module);\n', '']],
  },
  {
    mistake: 'forget to release holders when a load fails',
    file: 'roll_back.js',
    changes: [['    release(module);\n', '']],
  },
  {
    mistake: 'a drain that never wakes',
    file: 'flights.js',
    changes: [['for (const resolve of this.#idle)\n            resolve();\n', '']],
  },
  {
    mistake: 'a wait for the count that never wakes',
    seed: 20_030_116,
    file: 'unload/reference_count.js',
    changes: [['for (const done of this.#waiting)\n            done();\n', '']],
  },
  {
    mistake: 'a wait that does not block new gets',
    file: 'module_references.js',
    changes: [["if (found?.state.is !== 'LIVE')\n        return undefined;", 'if (!found)\n        return undefined;']],
  },
  {
    mistake: 'a wait that does not block new calls',
    seed: 20_030_119,
    file: 'delete_module.js',
    changes: [
      [
        `    module.gate.withdraw();\n    module.transition({ is: 'GOING', phase: 'waiting'`,
        `    module.transition({ is: 'GOING', phase: 'waiting'`,
      ],
    ],
  },
  {
    mistake: 'a wait that is called off and leaves the gate shut',
    seed: 20_030_119,
    file: 'delete_module.js',
    changes: [['        module.gate.reopen();\n', '']],
  },
  {
    mistake: 'exit twice when the grace period ends',
    file: 'free_module.js',
    changes: [
      [
        '    const exitError = await runExit(core, module, loaded);\n',
        '    if (!drained)\n        void Promise.resolve().then(() => loaded.hooks.exit?.(context)).catch(() => { });\n    const exitError = await runExit(core, module, loaded);\n',
      ],
    ],
  },
  {
    mistake: 'exit without waiting for calls',
    file: 'free_module.js',
    changes: [['module.gate.drained(options.grace ?? core.settings.grace, seam)', 'Promise.resolve(true)']],
  },
  {
    mistake: 'a reclaim that leaves the cells',
    file: 'call_gate.js',
    changes: [['for (const reference of this.#severables ?? [])\n            reference.deref()?.sever();\n', '']],
  },
  {
    mistake: 'a reclaim that leaves calls in flight waiting',
    file: 'call_gate.js',
    changes: [['for (const { refuse, name } of this.#flights ?? [])\n            refuse(this.#stale(name));\n', '']],
  },
  {
    mistake: 'insmod that does not wait for the other load',
    file: 'insmod.js',
    changes: [['const loading = core.loading.get(name);', 'const loading = undefined;']],
  },
  {
    mistake: 'an init that is waited for without limit',
    file: 'seam.js',
    changes: [['if (ms <= 0 ||', 'if (true ||']],
  },
  {
    mistake: 'a failed modprobe that leaves what it brought in',
    file: 'probes.js',
    changes: [['for (const module of probe.brought.toReversed()) {', 'for (const module of []) {']],
  },
  {
    mistake: 'ask a hook again and again for what it does not bring in',
    file: 'dependencies.js',
    changes: [["core.byFile.has(file) ? 'waited' : 'absent'", "'waited'"]],
  },
  {
    mistake: 'a hook that is not waited for',
    file: 'hooks.js',
    changes: [[' hook has ended`, ended);', ' hook has ended`, Promise.resolve());']],
  },
  {
    mistake: 'coldplug that takes out what it keeps',
    seed: 20_030_116,
    file: 'coldplug.js',
    changes: [['if (this.#kept.has(name) || ', 'if (']],
  },
  {
    mistake: 'close that does not hear of loads that fail',
    file: 'close.js',
    changes: [['...loading.values(), ', '']],
  },
  {
    mistake: 'a refused removal that has begun',
    file: 'delete_module.js',
    changes: [
      [
        'checkRemovable(module, name);',
        'checkRemovable(module, name);\n        if (isHeld(module))\n            module.gate.withdraw();',
      ],
    ],
  },
]
