#ifndef IOVALAB_LAB_IMPORT_PREDICT_H_
#define IOVALAB_LAB_IMPORT_PREDICT_H_

// Predict: replays a log's listener events through a mapping strategy and says
// which IOVA and size each map and unmap message should have; then compares
// with what was logged.
//
// Not for: whether the log shows the bug (import_report.h needs no strategy).
//
// Invariants: PredictOps is given ops alone, which hold no IOVA
// (docs/design.md, honesty); the log's answers come in with ComparePredictions.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lab/import/import_events.h"
#include "model/vmm/strategy.h"

namespace iovalab {

struct Prediction {
  bool sent = false;  // a message is sent at all
  uint64_t iova = 0;
  uint64_t size = 0;  // bytes
  // Why none is sent, or none can be predicted; "" otherwise.
  absl::string_view why = "";

  friend bool operator==(const Prediction&, const Prediction&) = default;
};

// One for each op; those of other kinds than maps and unmaps are empty. `range`
// is what the device offers, before QEMU raises its first to a page.
std::vector<Prediction> PredictOps(absl::Span<const ImportOp> ops,
                                   IovaRange range, const Strategy& strategy);

struct Mispredicted {
  uint64_t line = 0;  // of the message; of the listener's where none is logged
  bool map = false;
  bool logged = false;
  LoggedOp log;  // where logged
  Prediction predicted;
};

struct PredictResult {
  uint64_t predicted = 0;  // rightly
  uint64_t total = 0;
  std::vector<Mispredicted> wrong;  // the first kMaxWrong, in line order
  static constexpr size_t kMaxWrong = 1000;
};

// All devices of a log. A message that was predicted and is not logged counts
// as wrong, but for the log's last op and in a damaged log, where its line may
// be what is missing.
PredictResult PredictImport(const Import& import, const Strategy& strategy);

// The strategy that the log's form suggests: passthrough where no vring is
// mapped for the device, else gpa or hva by how recent the messages look.
// Looks at no IOVA. Empty when there is nothing to predict.
absl::string_view GuessMapping(const Import& import);

// "FILE: predicted n of m map operations (strategy NAME)" and a line for each
// wrong one.
std::string PredictText(absl::string_view file, const PredictResult& result,
                        const Strategy& strategy);

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_PREDICT_H_
