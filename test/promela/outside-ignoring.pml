/* Linux 2.5 with a subsystem, networking, that does not count. */
#include "kernel.inc"

byte f, r;

proctype calls() {
  calls_uncounted(f);
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
