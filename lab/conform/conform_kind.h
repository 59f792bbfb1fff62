#ifndef IOVALAB_LAB_CONFORM_CONFORM_KIND_H_
#define IOVALAB_LAB_CONFORM_CONFORM_KIND_H_

// What conform needs to know of a kind of recording: how to recognise a file of
// it, and how to replay one case.
//
// Not for: users of conform (conform.h). A new kind is a file of its own and
// one line in kConformKinds (conform.cc).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lab/conform/json_lines.h"

namespace iovalab {

// How one operation compared. Only the first difference is kept.
class StepComparison {
 public:
  struct Difference {
    std::string field, expected, got;
  };

  // Results and tables.
  void Hex(absl::string_view field, uint64_t expected, uint64_t got);
  void Int(absl::string_view field, int64_t expected, int64_t got);
  void Differ(absl::string_view field, absl::string_view expected,
              absl::string_view got);
  // Driver calls, counted apart: they do not end the case.
  void DifferEv(absl::string_view expected, absl::string_view got);

  const std::optional<Difference>& difference() const { return difference_; }
  const std::optional<Difference>& ev_difference() const {
    return ev_difference_;
  }

 private:
  std::optional<Difference> difference_;
  std::optional<Difference> ev_difference_;
};

// One case being replayed, from nothing.
class CaseReplay {
 public:
  virtual ~CaseReplay() = default;
  // Performs the recorded operation on the model and compares. An error where
  // the record itself is wrong.
  virtual absl::Status Step(const JsonRecord& record,
                            StepComparison* comparison) = 0;
};

struct ConformKind {
  absl::string_view name;  // of the meta line's "file"
  // Whether a file without such a meta line, whose first record this is, is of
  // this kind.
  bool (*recognise)(const JsonRecord& first);
  std::unique_ptr<CaseReplay> (*begin_case)();
  // Whether the record has driver calls to compare; null where none ever has.
  bool (*has_ev)(const JsonRecord& record);
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_CONFORM_CONFORM_KIND_H_
