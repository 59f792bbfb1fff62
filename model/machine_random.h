#ifndef IOVALAB_MODEL_MACHINE_RANDOM_H_
#define IOVALAB_MODEL_MACHINE_RANDOM_H_

// Random scenarios for tests of the machine: valid ones, as the loader would
// accept them, with aliases at random priorities, rows of equal regions that
// come and go one by one, host buffers in several address spaces and requests
// in them, and steps that run beside each other.
//
// Not for: anything but tests.
//
// Invariant: the same arguments give the same scenario.

#include <cstdint>

#include "model/scenario.h"

namespace iovalab {

struct RandomScenarioOptions {
  int steps = 20;
  // Whether to include what makes maps fail or be passed over on purpose:
  // private memory, sections off their page, small IOVA ranges, memlock, no
  // batches, a listener that comes and goes or is registered twice, buffers
  // that are mapped in two address spaces or posted across two of them, and
  // steps at the same time.
  bool hostile = false;
  // Of the device; host buffers and their requests are spread over them.
  uint32_t address_spaces = 1;
};

Scenario RandomScenario(uint64_t seed, const RandomScenarioOptions& options);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_MACHINE_RANDOM_H_
