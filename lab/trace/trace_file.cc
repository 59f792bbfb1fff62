#include "lab/trace/trace_file.h"

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lab/read_file.h"
#include "lab/trace/trace_binary.h"
#include "lab/trace/trace_text.h"
#include "sim/byte_sink.h"

namespace iovalab {

absl::Status WriteTraceFile(absl::string_view path, const Trace& trace) {
  if (absl::EndsWith(path, ".perfetto-trace")) {
    return absl::UnimplementedError(absl::StrCat(
        path, ": Perfetto's format is not written; .trace or .trace.pb is"));
  }
  absl::StatusOr<std::unique_ptr<sim::FileSink>> file =
      sim::FileSink::Open(path);
  if (!file.ok()) return file.status();
  const absl::Status written = (*file)->Append(
      absl::EndsWith(path, ".pb") ? TraceToBinary(trace) : TraceToText(trace));
  if (!written.ok()) return written;
  return (*file)->Close();
}

absl::StatusOr<Trace> ReadTraceFile(absl::string_view path,
                                    const TraceLimits& limits) {
  const absl::StatusOr<std::string> bytes =
      ReadWholeFile(path, limits.max_bytes);
  if (!bytes.ok()) return bytes.status();
  return absl::StartsWith(*bytes, kTraceMagic)
             ? TraceFromBinary(path, *bytes, limits)
             : TraceFromText(path, *bytes, limits);
}

}  // namespace iovalab
