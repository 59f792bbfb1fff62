#ifndef IOVALAB_LAB_IMPORT_EXPORT_LOG_H_
#define IOVALAB_LAB_IMPORT_EXPORT_LOG_H_

// Export: a trace as the log that a QEMU would have written of it with `-trace
// 'vhost_vdpa_*'`. What import reads of it is what happened: the same listener
// events, host-only maps, messages and ends of transactions, in order.
//
// Not for: keeping a trace (lab/trace): a log has nothing of the guest, the
// device, the kernel's answers or the stores.
//
// Invariants: lines have the form of the VMM version that the trace is of:
// that of its policy `vmm`, else of its mapping: QEMU 7.2's for hva, 10.0's for
// the others. Pointers and the thread are constants, times are simulated. Same
// trace, same bytes.
//
// Forms: recorded on QEMU 7.2.22 and 10.0.2 (testdata/captures).

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/event/trace.h"

namespace iovalab {

struct ExportedLog {
  std::string text;
  // What the trace has of the listener's and the log cannot say, a sentence
  // each.
  std::vector<std::string> notes;
};

// InvalidArgument: the trace has a vIOMMU, whose maps a log does not tell from
// host-only memory; or nothing that a log says.
absl::StatusOr<ExportedLog> ExportQemuLog(const Trace& trace);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_EXPORT_LOG_H_
