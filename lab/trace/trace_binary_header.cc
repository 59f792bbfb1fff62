#include "lab/trace/trace_binary_header.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lab/trace/trace_binary.h"
#include "lab/trace/trace_binary_format.h"

namespace iovalab::trace_binary {

using wire::Type;

absl::Status Wrong(const char* file, const char* at, absl::string_view field,
                   absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("byte ", at - file, ": ", field, ": ", what));
}

absl::Status Damaged(const char* file, const char* at,
                     absl::string_view field) {
  return Wrong(file, at, field, "the trace is damaged here, or cut off");
}

namespace {

// Appends what is found; false when nothing is.
template <typename Value>
bool Append(std::optional<Value> found, std::vector<Value>* to) {
  if (found) to->push_back(*found);
  return found.has_value();
}

}  // namespace

absl::Status HeaderReader::ReadPolicy(absl::string_view bytes) {
  wire::Reader in(bytes);
  std::pair<std::string, std::string> policy;
  while (!in.done()) {
    const char* const at = in.at();
    uint32_t field = 0;
    Type type;
    absl::string_view text;
    if (!in.Tag(&field, &type) || type != Type::kBytes || !in.Bytes(&text) ||
        (field != kAxis && field != kValue)) {
      return Wrong(file_, at, "policy", "must be an axis and a value");
    }
    (field == kAxis ? policy.first : policy.second) = std::string(text);
  }
  header_.policies.push_back(std::move(policy));
  return absl::OkStatus();
}

absl::Status HeaderReader::ReadName(uint32_t field, const char* at,
                                    absl::string_view name) {
  bool known = false;
  absl::string_view what;
  switch (field) {
    case kKinds:
      what = "kind";
      known = Append(KindByName(name), &dictionary_.kinds);
      break;
    case kActors:
      what = "actor";
      known = Append(ActorByName(name), &dictionary_.actors);
      break;
    case kRules:
      what = "rule";
      known = Append(RuleByName(name), &dictionary_.rules);
      break;
    default:  // kStores
      what = "store";
      known = Append(StoreId::Parse(name), &dictionary_.stores);
      break;
  }
  if (known) return absl::OkStatus();
  return Wrong(file_, at, what,
               "this version has none of this name; read the trace with the "
               "version that wrote it");
}

absl::Status HeaderReader::ReadText(uint32_t field, const char* at,
                                    absl::string_view text) {
  if (field == kTool) header_.tool = std::string(text);
  if (field == kScenarioName) header_.scenario_name = std::string(text);
  if (field == kScenario) header_.scenario = std::string(text);
  if (field <= kScenario) return absl::OkStatus();
  absl::Status s =
      field == kPolicy ? ReadPolicy(text) : ReadName(field, at, text);
  if (!s.ok()) return s;
  const size_t items = dictionary_.kinds.size() + dictionary_.actors.size() +
                       dictionary_.rules.size() + dictionary_.stores.size() +
                       header_.policies.size();
  if (items <= kMaxHeaderItems) return s;
  return Wrong(file_, at, "header",
               absl::StrCat("must hold at most ", kMaxHeaderItems,
                            " policies, kinds, actors, rules and stores"));
}

absl::Status HeaderReader::ReadNumber(uint32_t field, const char* at,
                                      uint64_t number) {
  if (field == kSeed) header_.seed = number;
  if (field == kIncomplete) header_.complete = number == 0;
  if (field != kSchemaVersion || number == kTraceSchema) {
    return absl::OkStatus();
  }
  return Wrong(
      file_, at, "schema_version",
      absl::StrCat("this version reads ", kTraceSchema, ", this is ", number));
}

absl::Status HeaderReader::ReadField(uint32_t field, Type type,
                                     wire::Reader* in) {
  const char* const at = in->at();
  if (field > kStores) {
    return in->Skip(type) ? absl::OkStatus() : Damaged(file_, at, "header");
  }
  const bool is_number =
      field == kSchemaVersion || field == kSeed || field == kIncomplete;
  uint64_t number = 0;
  absl::string_view text;
  const bool ok = is_number ? type == Type::kVarint && in->Varint(&number)
                            : type == Type::kBytes && in->Bytes(&text);
  if (!ok) return Damaged(file_, at, "header");
  return is_number ? ReadNumber(field, at, number) : ReadText(field, at, text);
}

absl::Status HeaderReader::Read(absl::string_view part) {
  wire::Reader in(part);
  bool versioned = false;
  while (!in.done()) {
    const char* const at = in.at();
    uint32_t field = 0;
    Type type;
    if (!in.Tag(&field, &type)) return Damaged(file_, at, "header");
    // First, as it says what the rest means.
    versioned |= field == kSchemaVersion;
    if (!versioned) {
      return Wrong(file_, at, "schema_version", "must be there first");
    }
    if (absl::Status s = ReadField(field, type, &in); !s.ok()) return s;
    if (field > kStores) header_.unknown.append(at, in.at() - at);
  }
  if (versioned) return absl::OkStatus();
  return Wrong(file_, part.data(), "schema_version", "is missing");
}

}  // namespace iovalab::trace_binary
