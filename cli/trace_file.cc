#include "cli/trace_file.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "lab/read_file.h"
#include "lab/trace_binary.h"
#include "lab/trace_limits.h"
#include "lab/trace_text.h"

namespace iovalab {

TraceEncoding EncodingByName(absl::string_view path, TraceEncoding otherwise) {
  if (absl::EndsWith(path, ".pb")) return TraceEncoding::kBinary;
  if (absl::EndsWith(path, ".trace")) return TraceEncoding::kText;
  return otherwise;
}

std::string EncodeTrace(const Trace& trace, TraceEncoding encoding) {
  return encoding == TraceEncoding::kBinary ? TraceToBinary(trace)
                                            : TraceToText(trace);
}

absl::StatusOr<Trace> ReadTrace(absl::string_view path,
                                TraceEncoding* encoding) {
  const TraceLimits limits;
  const absl::StatusOr<std::string> bytes =
      ReadWholeFile(path, limits.max_bytes);
  if (!bytes.ok()) return bytes.status();
  // No text begins so, and a file cut off here is a damaged binary.
  const size_t told = std::min<size_t>(2, bytes->size());
  const bool binary =
      told > 0 && absl::StartsWith(*bytes, kTraceMagic.substr(0, told));
  if (encoding != nullptr) {
    *encoding = binary ? TraceEncoding::kBinary : TraceEncoding::kText;
  }
  return binary ? TraceFromBinary(path, *bytes, limits)
                : TraceFromText(path, *bytes, limits);
}

}  // namespace iovalab
