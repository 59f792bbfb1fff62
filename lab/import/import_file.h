#ifndef IOVALAB_LAB_IMPORT_IMPORT_FILE_H_
#define IOVALAB_LAB_IMPORT_IMPORT_FILE_H_

// What a user gives to import: a QEMU log, read as a stream (memory grows with
// the operations that it tells of, not with its size), or a monitor's dump.
// Which of them is told from its first MiB.
//
// Not for: logs in memory (ImportQemuLog).

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lab/import/import_events.h"
#include "lab/import/log_pieces.h"

namespace iovalab {

// "-" is standard input. Gzipped logs are read as they are; `max_bytes` counts
// what they hold. Errors are one line, "PATH: what": NotFound,
// PermissionDenied, InvalidArgument (a directory), DataLoss (a gzip file that
// is damaged), Unavailable (reading fails), ResourceExhausted (more than
// kMaxLogBytes, or more than ImportBuilder::kMaxOps operations).
absl::StatusOr<Import> ImportQemuLogFile(absl::string_view path,
                                         uint64_t max_bytes = kMaxLogBytes);

struct ImportInput {
  bool is_dump = false;
  Import log;        // where it is none
  std::string dump;  // its text: for AddMonitorDump
};

// Errors as above; a dump has at most kMaxDumpBytes. on_bytes is called now and
// then with how many of a log have been read.
absl::StatusOr<ImportInput> ReadImportFile(
    absl::string_view path, uint64_t max_bytes = kMaxLogBytes,
    absl::FunctionRef<void(uint64_t)> on_bytes = [](uint64_t) {});

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_IMPORT_FILE_H_
