#ifndef IOVALAB_LAB_CONFORM_CONFORM_VDPA_CALL_H_
#define IOVALAB_LAB_CONFORM_CONFORM_VDPA_CALL_H_

// One operation of a vhost-vdpa recording in progress, and the groups of
// operations: messages (conform_vdpa_ops.cc), other system calls on the device
// (conform_vdpa_ioctls.cc), memory and device accesses
// (conform_vdpa_access.cc).
//
// Not for: anything but these files.

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lab/conform/conform_vdpa_machine.h"
#include "lab/conform/conform_vdpa_ops.h"
#include "lab/conform/json_lines.h"

namespace iovalab {

struct VdpaOpCall {
  VdpaMachine& m;
  JsonFields args;
  VdpaOpResult result;

  // A user address; sets the status of args where it is none.
  uint64_t Address(const char* name) {
    const std::string text = args.String(name);
    const auto at = m.host.Address(text);
    if (!at) args.Fail(name, "is no address like H+0x1000 or 0x1000");
    return at.value_or(0);
  }
};

struct VdpaOpRow {
  absl::string_view name;  // of the recording's "op"
  void (*run)(VdpaOpCall& call);
};

absl::Span<const VdpaOpRow> VdpaIoctls();
absl::Span<const VdpaOpRow> VdpaAccesses();

// A message through write(); its answer becomes the call's.
void SendVdpaMsg(VdpaOpCall& call, const VdpaMsg& msg);

}  // namespace iovalab

#endif  // IOVALAB_LAB_CONFORM_CONFORM_VDPA_CALL_H_
