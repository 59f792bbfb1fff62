#include "lab/conform/conform_kind.h"

#include "absl/strings/str_cat.h"

namespace iovalab {

void StepComparison::Hex(absl::string_view field, uint64_t expected,
                         uint64_t got) {
  if (expected == got) return;
  Differ(field, absl::StrCat("0x", absl::Hex(expected)),
         absl::StrCat("0x", absl::Hex(got)));
}

void StepComparison::Int(absl::string_view field, int64_t expected,
                         int64_t got) {
  if (expected == got) return;
  Differ(field, absl::StrCat(expected), absl::StrCat(got));
}

void StepComparison::Differ(absl::string_view field, absl::string_view expected,
                            absl::string_view got) {
  if (difference_) return;
  difference_ = {std::string(field), std::string(expected), std::string(got)};
}

void StepComparison::DifferEv(absl::string_view expected,
                              absl::string_view got) {
  if (ev_difference_) return;
  ev_difference_ = {"ev", std::string(expected), std::string(got)};
}

}  // namespace iovalab
