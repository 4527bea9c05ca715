/* Outlive: no counts; freed once nobody can reach it. */
#include "kernel.inc"

byte f, r;

proctype calls() {
  calls_uncounted(f);
  finished++
}

proctype unloads() {
  rmmod_at_once();
  atomic {
    if
    :: left(1) -> r = 1
    :: else
    fi
  };
  if
  :: r != 0 -> atomic { code(r); r = 0 }
  :: else
  fi;
  insmod_or_keep();
done:
  finished++
}

#define sweep(p) \
  if \
  :: memory[p] == PRESENT && !mark[p] && f != p && r != p && h != p -> memory[p] = FREED; kept-- \
  :: else \
  fi

/* The collector: clear the marks; mark the heap; stop everybody, take their registers as roots, and sweep. */
proctype others() {
  atomic { mark[1] = false; mark[2] = false };
  atomic { mark[list] = true; mark[table] = true; mark[vector] = true };
  atomic { sweep(1); sweep(2); mark[0] = false; mark[1] = false; mark[2] = false };
  finished++;
  nothing_lost()
}
