#ifndef IOVALAB_SIM_BYTE_SINK_H_
#define IOVALAB_SIM_BYTE_SINK_H_

// ByteSink: where output bytes go, a string or a file. A file appears whole or
// not at all: it is written under a temporary name beside the target, and
// renamed by Close().
//
// When not to use it: for messages to a person (stderr), or for data that must
// survive a power cut: nothing is synced to disk, which would cost more than a
// whole run.
//
// Invariants:
//  * after an error, Append and Close return that error again, and nothing more
//    is written;
//  * a file sink that is destroyed without a Close that succeeded leaves the
//    target as it was and no temporary file (a killed process does leave
//    "<target>.tmp-<pid>");
//  * what exists and is no regular file (a pipe, /dev/null), and "-" (stdout),
//    cannot be replaced by a rename and is written directly; only then can
//    others see a part.

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace iovalab::sim {

class ByteSink {
 public:
  ByteSink() = default;
  ByteSink(const ByteSink&) = delete;
  ByteSink& operator=(const ByteSink&) = delete;
  virtual ~ByteSink() = default;

  virtual absl::Status Append(absl::string_view bytes) = 0;

  // Completes the output. Call it once, last, and look at the result: for a
  // file, that is when it appears.
  virtual absl::Status Close() = 0;
};

// Appends to a string of the caller's.
class StringSink final : public ByteSink {
 public:
  explicit StringSink(std::string* out) : out_(out) {}

  absl::Status Append(absl::string_view bytes) override;
  absl::Status Close() override;

 private:
  std::string* out_;
};

// Writes a file, or stdout for "-".
class FileSink final : public ByteSink {
 public:
  static absl::StatusOr<std::unique_ptr<FileSink>> Open(absl::string_view path);

  ~FileSink() override;

  absl::Status Append(absl::string_view bytes) override;
  absl::Status Close() override;

 private:
  FileSink(std::string name, int descriptor);

  absl::Status Fail(int error, absl::string_view action);
  absl::Status WriteAll(absl::string_view bytes);
  absl::Status Flush();
  int CloseDescriptor();

  const std::string name_;  // As the user gave it, for messages.
  int descriptor_;          // -1 once closed.
  bool closes_descriptor_ = true;
  std::string target_;  // Both empty when written directly.
  std::string temporary_;
  std::string buffer_;
  absl::Status status_;
};

}  // namespace iovalab::sim

#endif  // IOVALAB_SIM_BYTE_SINK_H_
