/* The 2003 patch: no counts, and the memory is never freed. */
#include "kernel.inc"

byte f, r;

proctype calls() {
  calls_uncounted(f);
  finished++
}

proctype unloads() {
  rmmod_at_once();
  insmod_or_keep();
done:
  finished++
}

proctype others() { finished++; nothing_lost() }
