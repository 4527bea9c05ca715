/* Linux 2.5: try_module_get before the call, module_put after it. */
#include "kernel.inc"

byte f, r;

proctype calls() {
  calls_counted_outside(f);
  finished++
}

proctype unloads() {
  if
  :: rmmod_counted()
  :: rmmod_waits()
  fi;
  insmod_or_free();
done:
  finished++
}

proctype others() { finished++; nothing_lost() }
