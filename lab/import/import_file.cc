#include "lab/import/import_file.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace iovalab {

absl::StatusOr<Import> ImportQemuLogFile(absl::string_view path,
                                         uint64_t max_bytes) {
  QemuLogParser parser;
  ImportBuilder builder;
  const auto sink = [&](const QemuEvent& event) { builder.Add(event); };
  const absl::Status read =
      ReadLogPieces(path, max_bytes, [&](absl::string_view piece) {
        parser.Feed(piece, sink);
        return true;
      });
  if (!read.ok()) return read;
  parser.Finish(sink);
  Import import = builder.Finish(parser.counts());
  if (import.too_many) {
    return absl::ResourceExhaustedError(
        absl::StrCat(LogName(path), ": more than ", ImportBuilder::kMaxOps,
                     " map operations and sections; import a part of the log"));
  }
  return import;
}

}  // namespace iovalab
