#include "lab/write_file.h"

#include <memory>

#include "absl/status/statusor.h"
#include "sim/byte_sink.h"

namespace iovalab {

absl::Status WriteWholeFile(absl::string_view path, absl::string_view bytes) {
  absl::StatusOr<std::unique_ptr<sim::FileSink>> sink =
      sim::FileSink::Open(path);
  if (!sink.ok()) return sink.status();
  const absl::Status written = (*sink)->Append(bytes);
  return written.ok() ? (*sink)->Close() : written;
}

}  // namespace iovalab
