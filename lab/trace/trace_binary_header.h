#ifndef IOVALAB_LAB_TRACE_TRACE_BINARY_HEADER_H_
#define IOVALAB_LAB_TRACE_TRACE_BINARY_HEADER_H_

// The header of a binary trace, read. Part of trace_binary; nobody else needs
// it.

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lab/trace/wire.h"
#include "model/event/trace.h"
#include "model/store/store_id.h"

namespace iovalab::trace_binary {

// What the numbers of an event stand for.
struct Dictionary {
  std::vector<Kind> kinds;
  std::vector<Actor> actors;
  std::vector<Rule> rules;
  std::vector<StoreId> stores;
};

// "byte N: FIELD: what would be right", N counted from `file`.
absl::Status Wrong(const char* file, const char* at, absl::string_view field,
                   absl::string_view what);
absl::Status Damaged(const char* file, const char* at, absl::string_view field);

class HeaderReader {
 public:
  HeaderReader(const char* file, Trace::Header* header, Dictionary* dictionary)
      : file_(file), header_(*header), dictionary_(*dictionary) {}

  // `part` is the header's bytes without its checksum.
  absl::Status Read(absl::string_view part);

 private:
  absl::Status ReadField(uint32_t field, wire::Type type, wire::Reader* in);
  absl::Status ReadNumber(uint32_t field, const char* at, uint64_t number);
  absl::Status ReadText(uint32_t field, const char* at, absl::string_view text);
  absl::Status ReadPolicy(absl::string_view bytes);
  // Looks a name of one of the tables up.
  absl::Status ReadName(uint32_t field, const char* at, absl::string_view name);

  const char* const file_;
  Trace::Header& header_;
  Dictionary& dictionary_;
};

}  // namespace iovalab::trace_binary

#endif  // IOVALAB_LAB_TRACE_TRACE_BINARY_HEADER_H_
