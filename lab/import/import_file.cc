#include "lab/import/import_file.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lab/import/monitor_dump.h"

namespace iovalab {
namespace {

absl::StatusOr<ImportInput> Read(absl::string_view path, uint64_t max_bytes,
                                 bool may_be_dump,
                                 absl::FunctionRef<void(uint64_t)> on_bytes) {
  QemuLogParser parser;
  ImportBuilder builder;
  const auto sink = [&](const QemuEvent& event) { builder.Add(event); };
  ImportInput input;
  bool is_first = true;
  const auto take = [&](absl::string_view piece) {
    if (is_first) input.is_dump = may_be_dump && LooksLikeMonitorDump(piece);
    is_first = false;
    if (!input.is_dump) {
      parser.Feed(piece, sink);
      on_bytes(parser.counts().bytes);
      return true;
    }
    input.dump.append(piece.data(), piece.size());
    return input.dump.size() <= kMaxDumpBytes;
  };
  const absl::Status read = ReadLogPieces(path, max_bytes, take);
  if (!read.ok()) return read;
  if (input.dump.size() > kMaxDumpBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat(LogName(path), ": more than ", kMaxDumpBytes,
                     " bytes; import a part of it"));
  }
  if (input.is_dump) return input;
  parser.Finish(sink);
  input.log = builder.Finish(parser.counts());
  if (input.log.too_many) {
    return absl::ResourceExhaustedError(
        absl::StrCat(LogName(path), ": more than ", ImportBuilder::kMaxOps,
                     " map operations and sections; import a part of the log"));
  }
  return input;
}

}  // namespace

absl::StatusOr<ImportInput> ReadImportFile(
    absl::string_view path, uint64_t max_bytes,
    absl::FunctionRef<void(uint64_t)> on_bytes) {
  return Read(path, max_bytes, true, on_bytes);
}

absl::StatusOr<Import> ImportQemuLogFile(absl::string_view path,
                                         uint64_t max_bytes) {
  absl::StatusOr<ImportInput> input =
      Read(path, max_bytes, false, [](uint64_t) {});
  if (!input.ok()) return input.status();
  return std::move(input->log);
}

}  // namespace iovalab
