#ifndef IOVALAB_LAB_SCENARIO_SCENARIO_PLACE_H_
#define IOVALAB_LAB_SCENARIO_SCENARIO_PLACE_H_

// Where a field of a scenario stands: its path as the user wrote it, and from
// that the line in the file, so that any later error can name both.
//
// Not for: positions of syntax errors, which have no field yet
// (scenario_scan.h).
//
// Invariants: a Place is a value and holds no pointer but to its names; errors
// are single lines "FILE:LINE: FIELD: what is wrong; what would be right".

#include <array>
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/text_format.h"

namespace iovalab {

// Path to a field, e.g. Place().At("region", 2).At("addr").At("first").
struct Place {
  // Deepest is step[i].post.buffer[j].gpa.first.
  static constexpr size_t kMaxDepth = 6;

  struct Part {
    absl::string_view field;  // a name in scenario.proto, often a literal
    int index = -1;           // of a repeated field; -1 otherwise
  };

  std::array<Part, kMaxDepth> parts;
  size_t depth = 0;

  Place At(absl::string_view field, int index = -1) const;
  // "region[2].addr.first"; "" for the scenario itself.
  std::string Path() const;
};

// The place that a path says, as Path() writes it, up to the first part that
// names no field. Its names point into `path`.
Place PlaceOf(absl::string_view path);

// Lines of the fields of one parsed file.
class Locations {
 public:
  explicit Locations(absl::string_view file) : file_(file) {}

  const std::string& file() const { return file_; }
  // What the parser fills in.
  google::protobuf::TextFormat::ParseInfoTree* tree() { return &tree_; }

  // Line, from 1, of the innermost part of the path that is in the file.
  int Line(const Place& place) const;
  // Whether the field itself is in the file, be it with its default value.
  bool Written(const Place& place) const;

  // InvalidArgument "FILE:LINE: PATH: what".
  absl::Status Error(const Place& place, absl::string_view what) const;

 private:
  struct Found {
    int line = 1;
    bool all = true;  // the path's last part is in the file
  };
  Found Find(const Place& place) const;

  std::string file_;
  google::protobuf::TextFormat::ParseInfoTree tree_;
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_SCENARIO_PLACE_H_
