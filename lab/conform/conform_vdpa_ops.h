#ifndef IOVALAB_LAB_CONFORM_CONFORM_VDPA_OPS_H_
#define IOVALAB_LAB_CONFORM_CONFORM_VDPA_OPS_H_

// The operations of a vhost-vdpa recording, performed on the model.
//
// Not for: users of conform (conform.h).

#include <optional>

#include "absl/status/statusor.h"
#include "lab/conform/conform_vdpa_machine.h"
#include "lab/conform/json_lines.h"
#include "nlohmann/json.hpp"

namespace iovalab {

struct VdpaOpResult {
  bool supported = true;
  int err = 0;                    // of the system call: 0 or -errno
  std::optional<int> kernel_ret;  // of the message handler, if it was reached
  bool maps = false;              // a mapping operation: VmPin is meaningful
  nlohmann::json out = nlohmann::json::object();
};

// An error where the record is wrong; supported = false where the operation is
// not modelled.
absl::StatusOr<VdpaOpResult> RunVdpaOp(VdpaMachine& m,
                                       const JsonRecord& record);

}  // namespace iovalab

#endif  // IOVALAB_LAB_CONFORM_CONFORM_VDPA_OPS_H_
