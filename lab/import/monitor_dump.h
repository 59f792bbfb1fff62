#ifndef IOVALAB_LAB_IMPORT_MONITOR_DUMP_H_
#define IOVALAB_LAB_IMPORT_MONITOR_DUMP_H_

// MonitorDump: what QEMU's monitor prints about memory: `info mtree -f`, `info
// ramblock`, `gpa2hva`; one or more of each, from one file or several, as typed
// (prompts and echoes are passed over), or as QMP's JSON strings.
//
// Not for: what it means (monitor_import.h); traces (qemu_log.h).
//
// Invariants: only the flat view of the address space "memory" is kept, and of
// it RAM and ROM, in address order without overlap. A line that begins like one
// of these outputs and does not go on like it is an error, never guessed at.
// Lines are counted through all files: DumpFile says which is whose.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace iovalab {

// `info mtree -f`: a row of a flat view (QEMU 7.2 to 10.1 softmmu/memory.c).
struct DumpSection {
  uint64_t line = 0;
  uint64_t first = 0;  // GPA, both inclusive
  uint64_t last = 0;
  bool readonly = false;
  std::string name;     // of the memory region
  uint64_t offset = 0;  // of `first` in it, bytes
};

struct DumpView {
  uint64_t line = 0;
  std::vector<DumpSection> sections;
};

// `info ramblock`: a row.
struct DumpBlock {
  uint64_t line = 0;
  std::string name;      // "pc.ram", "0000:00:01.0/vga.vram"
  bool has_hva = false;  // since QEMU 8.1
  uint64_t hva = 0;
};

// `gpa2hva`: an answer.
struct DumpAddress {
  uint64_t line = 0;
  uint64_t gpa = 0;
  uint64_t hva = 0;
  std::string name;  // of the memory region
};

// Where the lines of a file begin among those of all.
struct LinesOf {
  uint64_t before = 0;  // lines of the files before it
  std::string file;
};

struct MonitorDump {
  std::vector<LinesOf> files;
  uint64_t lines = 0;
  uint64_t foreign = 0;    // lines of no such output
  uint64_t tree_line = 0;  // of the first `info mtree` without -f, passed over
  std::vector<DumpView> views;
  std::vector<DumpBlock> blocks;
  std::vector<DumpAddress> addresses;
};

// Of all files; a dump of a machine with a hundred DIMMs has 100 KiB.
inline constexpr uint64_t kMaxDumpBytes = uint64_t{16} << 20;

// Whether a file that begins so holds a dump; a trace with some of it in
// between is a trace.
bool LooksLikeMonitorDump(absl::string_view beginning);

// Appends what the file holds. Errors: InvalidArgument "FILE:LINE: what".
absl::Status AddMonitorDump(absl::string_view file, absl::string_view text,
                            MonitorDump* dump);

// "FILE:LINE" of a line counted through all files; "line N" without files.
std::string PlaceOfLine(absl::Span<const LinesOf> files, uint64_t line);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_MONITOR_DUMP_H_
