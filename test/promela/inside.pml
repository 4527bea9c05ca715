/* Linux 2.4: the module raises its count from its own code. */
#include "kernel.inc"

byte f, r;

proctype calls() {
  calls_counted_inside(f);
  finished++
}

proctype unloads() {
  rmmod_counted();
  insmod_or_free();
done:
  finished++
}

proctype others() { finished++; nothing_lost() }
