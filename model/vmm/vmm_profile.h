#ifndef IOVALAB_MODEL_VMM_VMM_PROFILE_H_
#define IOVALAB_MODEL_VMM_VMM_PROFILE_H_

// VmmProfile: what versions of QEMU do at other times, which decides who gets
// which IOVAs.
//
// Not for: how memory is mapped (strategy.h).

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace iovalab {

struct VmmProfile {
  absl::string_view name;
  absl::string_view help;
  absl::string_view source;
  // The memory listener is registered when the device is initialized; else when
  // the driver says DRIVER_OK, after the shadow rings were mapped.
  bool listener_at_init = true;
};

absl::Span<const VmmProfile> VmmProfiles();
// Null where there is none of the name.
const VmmProfile* FindVmmProfile(absl::string_view name);

}  // namespace iovalab

#endif  // IOVALAB_MODEL_VMM_VMM_PROFILE_H_
