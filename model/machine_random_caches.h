#ifndef IOVALAB_MODEL_MACHINE_RANDOM_CACHES_H_
#define IOVALAB_MODEL_MACHINE_RANDOM_CACHES_H_

// Random caches of the platform IOMMU, and random scenarios in which a guest
// maps and unmaps in its vIOMMU while a device accesses; for tests of the
// machine.
//
// Not for: anything but tests; other random scenarios are machine_random.h's.
//
// Invariants: the same arguments give the same result; every shape is one that
// the loader accepts.

#include <cstdint>

#include "absl/strings/string_view.h"
#include "model/scenario.h"
#include "sim/random.h"

namespace iovalab {

IommuSpec RandomCaches(sim::Random& random);

// The same hardware, which as much is asked of, with caches that keep nothing.
IommuSpec KeepingNothing(const IommuSpec& spec);

// A guest of 64 MiB behind a vIOMMU and no steps; the listener is off.
Scenario ViommuScenario();
// A step of it, when the one before it is finished: [iova, iova + size) is
// mapped to `gpa`; or unmapped; or accessed by the device.
void AddMap(Scenario& s, absl::string_view label, uint64_t iova, uint64_t gpa,
            uint64_t size);
void AddUnmap(Scenario& s, absl::string_view label, uint64_t iova, uint64_t gpa,
              uint64_t size);
void AddProbe(Scenario& s, absl::string_view label, uint64_t iova,
              uint64_t size, bool write);

// Steps of those kinds, some beside each other.
Scenario RandomViommuScenario(uint64_t seed, int steps);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_MACHINE_RANDOM_CACHES_H_
