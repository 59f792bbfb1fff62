#include "lab/import/import_file.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "lab/import/monitor_dump.h"
#include "lab/read_file.h"

namespace iovalab {
namespace {

constexpr size_t kChunk = size_t{1} << 20;

absl::Status ReadError(absl::string_view name, gzFile stream) {
  const int system = errno;
  int error = Z_OK;
  const char* const message = gzerror(stream, &error);
  if (error == Z_ERRNO) return FileError(name, system);
  return absl::DataLossError(
      absl::StrCat(name, ": damaged gzip data (", message, ")"));
}

// A piece of the stream into *buffer; 0 at its end, -1 where reading fails.
int ReadPiece(gzFile stream, std::vector<char>* buffer) {
  return gzread(stream, buffer->data(), static_cast<unsigned>(buffer->size()));
}

absl::Status TooLong(absl::string_view name, uint64_t max_bytes) {
  return absl::ResourceExhaustedError(absl::StrCat(
      name, ": more than ", max_bytes, " bytes; import a part of it"));
}

absl::StatusOr<ImportInput> ReadStream(absl::string_view name, gzFile stream,
                                       uint64_t max_bytes, bool may_be_dump) {
  QemuLogParser parser;
  ImportBuilder builder;
  const auto sink = [&](const QemuEvent& event) { builder.Add(event); };
  std::vector<char> buffer(kChunk);
  ImportInput input;
  bool is_first = true;
  while (true) {
    const int got = ReadPiece(stream, &buffer);
    if (got < 0) return ReadError(name, stream);
    if (got == 0) break;
    const absl::string_view piece(buffer.data(), static_cast<size_t>(got));
    if (is_first) input.is_dump = may_be_dump && LooksLikeMonitorDump(piece);
    is_first = false;
    if (input.is_dump) {
      input.dump.append(piece.data(), piece.size());
      if (input.dump.size() > kMaxDumpBytes) {
        return TooLong(name, kMaxDumpBytes);
      }
      continue;
    }
    parser.Feed(piece, sink);
    if (parser.counts().bytes > max_bytes) return TooLong(name, max_bytes);
  }
  if (input.is_dump) return input;
  parser.Finish(sink);
  input.log = builder.Finish(parser.counts());
  if (input.log.too_many) {
    return absl::ResourceExhaustedError(
        absl::StrCat(name, ": more than ", ImportBuilder::kMaxOps,
                     " map operations and sections; import a part of the log"));
  }
  return input;
}

absl::StatusOr<ImportInput> Read(absl::string_view path, uint64_t max_bytes,
                                 bool may_be_dump) {
  const bool standard_input = path == "-";
  const std::string name = standard_input ? "<stdin>" : std::string(path);
  if (path.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError("a path with a NUL byte; a file's name");
  }
  const int file =
      standard_input ? STDIN_FILENO : open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return FileError(name, errno);
  // Plain bytes pass through zlib as they are. It closes a copy of the
  // descriptor, so that standard input stays open.
  const int copy = standard_input ? dup(file) : file;
  const gzFile stream = copy < 0 ? nullptr : gzdopen(copy, "rb");
  if (stream == nullptr) {
    const int error = errno;
    if (copy >= 0) close(copy);
    return FileError(name, error);
  }
  absl::Cleanup close_it = [&] { gzclose(stream); };

  return ReadStream(name, stream, max_bytes, may_be_dump);
}

}  // namespace

absl::StatusOr<ImportInput> ReadImportFile(absl::string_view path,
                                           uint64_t max_bytes) {
  return Read(path, max_bytes, true);
}

absl::StatusOr<Import> ImportQemuLogFile(absl::string_view path,
                                         uint64_t max_bytes) {
  absl::StatusOr<ImportInput> input = Read(path, max_bytes, false);
  if (!input.ok()) return input.status();
  return std::move(input->log);
}

}  // namespace iovalab
