#include "lab/import/log_pieces.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <string>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
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

// zlib hands out what it has of a file that was cut off, and only then says so.
// A verdict on a part of a log must not pass for one on the whole.
absl::Status CheckEnd(absl::string_view name, gzFile stream) {
  int error = Z_OK;
  gzerror(stream, &error);
  if (error != Z_BUF_ERROR) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(name,
                   ": ends within its gzip data; a whole copy of it, or for "
                   "what there is `zcat FILE | iovalab import -`"));
}

}  // namespace

absl::string_view LogName(absl::string_view path) {
  return path == "-" ? "<stdin>" : path;
}

absl::Status ReadLogPieces(absl::string_view path, uint64_t max_bytes,
                           absl::FunctionRef<bool(absl::string_view)> piece) {
  const bool standard_input = path == "-";
  const std::string name(LogName(path));
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
  std::vector<char> buffer(kChunk);
  uint64_t bytes = 0;
  while (true) {
    const int got =
        gzread(stream, buffer.data(), static_cast<unsigned>(buffer.size()));
    if (got < 0) return ReadError(name, stream);
    if (got == 0) return CheckEnd(name, stream);
    absl::string_view bytes_got(buffer.data(), static_cast<size_t>(got));
    // What an editor put before the first line is no part of it.
    if (bytes == 0) absl::ConsumePrefix(&bytes_got, "\xef\xbb\xbf");
    bytes += static_cast<uint64_t>(got);
    const bool more = piece(bytes_got);
    if (!more) return absl::OkStatus();
    if (bytes > max_bytes) {
      return absl::ResourceExhaustedError(absl::StrCat(
          name, ": more than ", max_bytes, " bytes; import a part of it"));
    }
  }
}

}  // namespace iovalab
