/* The 2003 patch with the option that frees what was left behind. */
#include "kernel.inc"

byte f, r;

proctype calls() {
  calls_uncounted(f);
  finished++
}

proctype unloads() {
  rmmod_at_once();
  if
  :: atomic { left(1) -> assert(memory[1] != FREED); memory[1] = FREED; kept-- }
  :: skip
  fi;
  insmod_or_keep();
done:
  finished++
}

proctype others() { finished++; nothing_lost() }
