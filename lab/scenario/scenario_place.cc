#include "lab/scenario/scenario_place.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "scenarios/scenario.pb.h"
#include "sim/check.h"

namespace iovalab {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ParseInfoTree = ::google::protobuf::TextFormat::ParseInfoTree;

Place Place::At(absl::string_view field, int index) const {
  sim::Check(depth < kMaxDepth, "a scenario's field is nested too deep");
  Place place = *this;
  place.parts[place.depth++] = {field, index};
  return place;
}

std::string Place::Path() const {
  std::string path;
  for (size_t i = 0; i < depth; ++i) {
    absl::StrAppend(&path, i == 0 ? "" : ".", parts[i].field);
    if (parts[i].index >= 0) absl::StrAppend(&path, "[", parts[i].index, "]");
  }
  return path;
}

Place PlaceOf(absl::string_view path) {
  Place place;
  const Descriptor* message = pb::Scenario::descriptor();
  for (absl::string_view part : absl::StrSplit(path, '.')) {
    int index = -1;
    const size_t bracket = part.find('[');
    if (bracket != absl::string_view::npos &&
        (part.back() != ']' ||
         !absl::SimpleAtoi(part.substr(bracket + 1, part.size() - bracket - 2),
                           &index) ||
         index < 0)) {
      break;
    }
    const absl::string_view name = part.substr(0, bracket);
    const FieldDescriptor* field =
        message == nullptr ? nullptr
                           : message->FindFieldByName(std::string(name));
    if (field == nullptr || field->is_repeated() != (index >= 0) ||
        place.depth == Place::kMaxDepth) {
      break;
    }
    place = place.At(name, index);
    message = field->message_type();
  }
  return place;
}

Locations::Found Locations::Find(const Place& place) const {
  Found found;
  const Descriptor* message = pb::Scenario::descriptor();
  const ParseInfoTree* tree = &tree_;
  for (size_t i = 0; i < place.depth; ++i) {
    const Place::Part& part = place.parts[i];
    const FieldDescriptor* field =
        message->FindFieldByName(std::string(part.field));
    sim::Check(field != nullptr && field->is_repeated() == (part.index >= 0),
               "a Place names no field of scenario.proto");
    // Of a list, [a, b, c], the parser keeps the line of the whole only.
    int line = -1;
    for (int k = part.index; line < 0; --k) {
      line = tree->GetLocation(field, k).line;
      if (k <= 0) break;
    }
    if (line >= 0) found.line = line + 1;
    found.all = line >= 0;
    if (!found.all) return found;
    message = field->message_type();
    if (message == nullptr) return found;
    const ParseInfoTree* nested = tree->GetTreeForNested(field, part.index);
    if (nested == nullptr) {
      found.all = i + 1 == place.depth;
      return found;
    }
    tree = nested;
  }
  return found;
}

int Locations::Line(const Place& place) const { return Find(place).line; }

bool Locations::Written(const Place& place) const { return Find(place).all; }

absl::Status Locations::Error(const Place& place,
                              absl::string_view what) const {
  const std::string path = place.Path();
  return absl::InvalidArgumentError(absl::StrCat(
      file_, ":", Line(place), ": ", path, path.empty() ? "" : ": ", what));
}

}  // namespace iovalab
