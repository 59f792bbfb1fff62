#ifndef IOVALAB_MODEL_MACHINE_TESTING_H_
#define IOVALAB_MODEL_MACHINE_TESTING_H_

// What tests of the machine share: policies by name, the fold of a trace, and
// fields of events by name.
//
// Not for: anything but tests.

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "model/machine.h"

namespace iovalab {

inline RunPolicies TestPolicies(const Strategy* strategy,
                                absl::string_view device,
                                const VmmSwitches& switches = {}) {
  RunPolicies policies;
  policies.strategy = strategy;
  policies.switches = switches;
  policies.kernel = FindKernelProfile("deb_6_12_117");
  policies.device = *FindDeviceProfile(device);
  return policies;
}

// The stores as the deltas of the trace make them.
inline Stores FoldOf(const Trace& trace) {
  Stores stores;
  for (EventIndex i = 0; i < trace.size(); ++i) {
    if (trace.event(i).kind != Kind::kDelta) continue;
    const std::optional<Delta> delta =
        DeltaFromWords(trace.words(i), trace.event(i).rule);
    if (!delta || !stores.Fits(*delta)) {
      ADD_FAILURE() << "event " << i << " is no delta that fits";
      return stores;
    }
    stores.Apply(*delta, i);
  }
  return stores;
}

// A field of an event; the kind has it.
inline uint64_t FieldOf(const Trace& trace, EventIndex i,
                        absl::string_view name) {
  const auto fields = GetKind(trace.event(i).kind).fields;
  for (size_t f = 0; f < fields.size(); ++f) {
    if (fields[f].name == name) return trace.word(i, f);
  }
  ADD_FAILURE() << "no field " << name;
  return 0;
}

// The same events, in time and cause and content.
inline bool SameEvents(const Trace& a, const Trace& b, EventIndex n) {
  for (EventIndex i = 0; i < n; ++i) {
    const EventRecord& x = a.event(i);
    const EventRecord& y = b.event(i);
    if (x.time != y.time || x.cause != y.cause || x.root != y.root ||
        x.rule != y.rule || x.kind != y.kind || x.actor != y.actor ||
        a.words(i) != b.words(i)) {
      return false;
    }
  }
  return true;
}

}  // namespace iovalab

#endif  // IOVALAB_MODEL_MACHINE_TESTING_H_
