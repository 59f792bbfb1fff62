#include "lab/scenario/scenario_print.h"

#include <algorithm>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "sim/check.h"

namespace iovalab {
namespace {

using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

constexpr absl::string_view kHeader =
    "# proto-file: scenarios/scenario.proto\n"
    "# proto-message: iovalab.pb.Scenario\n"
    "\n";

// 64-bit fields that are addresses or sizes in bytes.
constexpr absl::string_view kHexFields[] = {
    "first",  "last",      "ram_addr",       "offset", "chunk",  "hpa",
    "iova",   "lands_gpa", "stride",         "size",   "target", "memlock",
    "length", "lands_hva", "offset_stride",  "desc",   "avail",  "used",
    "addr",   "table",     "indirect_table",
};

bool IsHex(const FieldDescriptor& field) {
  return std::find(std::begin(kHexFields), std::end(kHexFields),
                   field.name()) != std::end(kHexFields);
}

// One value of a scalar field; index -1 for a field that is not repeated.
std::string Scalar(const Message& message, const FieldDescriptor& field,
                   int index) {
  const Reflection& r = *message.GetReflection();
  const bool many = index >= 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string value =
          many ? r.GetRepeatedString(message, &field, index)
               : r.GetString(message, &field);
      return absl::StrCat("\"",
                          field.type() == FieldDescriptor::TYPE_BYTES
                              ? absl::CHexEscape(value)
                              : absl::Utf8SafeCEscape(value),
                          "\"");
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return (many ? r.GetRepeatedEnum(message, &field, index)
                   : r.GetEnum(message, &field))
          ->name();
    case FieldDescriptor::CPPTYPE_BOOL:
      sim::Check(!many, "scenario.proto has a repeated bool");
      return r.GetBool(message, &field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_UINT64: {
      sim::Check(!many, "scenario.proto has a repeated number");
      const uint64_t value = r.GetUInt64(message, &field);
      return IsHex(field) ? absl::StrCat("0x", absl::Hex(value))
                          : absl::StrCat(value);
    }
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(many ? r.GetRepeatedUInt32(message, &field, index)
                               : r.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT32:
      sim::Check(!many, "scenario.proto has a repeated number");
      return absl::StrCat(r.GetInt32(message, &field));
    default:
      sim::Check(false, "scenario.proto has a field of a new type");
      return "";
  }
}

class Printer {
 public:
  std::string Take() { return std::move(out_); }

  // Recursion is as deep as scenario.proto, in which no message holds itself.
  void Fields(const Message& message, int indent) {
    std::vector<const FieldDescriptor*> set;  // in the order of their numbers
    message.GetReflection()->ListFields(message, &set);
    if (message.GetDescriptor() == pb::PhysicalRun::descriptor()) AddHpa(&set);
    for (const FieldDescriptor* field : set) {
      if (field->message_type() != nullptr) {
        Messages(message, *field, indent);
      } else {
        Scalars(message, *field, indent);
      }
    }
  }

 private:
  // Required, and 0 is an address like any other.
  static void AddHpa(std::vector<const FieldDescriptor*>* set) {
    const FieldDescriptor* hpa =
        pb::PhysicalRun::descriptor()->FindFieldByNumber(
            pb::PhysicalRun::kHpaFieldNumber);
    const auto at = std::lower_bound(
        set->begin(), set->end(), hpa,
        [](const FieldDescriptor* a, const FieldDescriptor* b) {
          return a->number() < b->number();
        });
    if (at == set->end() || *at != hpa) set->insert(at, hpa);
  }

  void Scalars(const Message& message, const FieldDescriptor& field,
               int indent) {
    absl::StrAppend(&out_, std::string(indent, ' '), field.name(), ": ");
    if (!field.is_repeated()) {
      absl::StrAppend(&out_, Scalar(message, field, -1), "\n");
      return;
    }
    const int count = message.GetReflection()->FieldSize(message, &field);
    if (count > 1) out_ += '[';
    for (int i = 0; i < count; ++i) {
      absl::StrAppend(&out_, i == 0 ? "" : ", ", Scalar(message, field, i));
    }
    absl::StrAppend(&out_, count > 1 ? "]" : "", "\n");
  }

  void Messages(const Message& message, const FieldDescriptor& field,
                int indent) {
    const Reflection& r = *message.GetReflection();
    if (!field.is_repeated()) {
      OneMessage(r.GetMessage(message, &field), field, indent);
      return;
    }
    for (int i = 0; i < r.FieldSize(message, &field); ++i) {
      OneMessage(r.GetRepeatedMessage(message, &field, i), field, indent);
    }
  }

  void OneMessage(const Message& message, const FieldDescriptor& field,
                  int indent) {
    absl::StrAppend(&out_, std::string(indent, ' '), field.name(), " {");
    if (field.message_type() == pb::Range::descriptor()) {
      const auto& range = static_cast<const pb::Range&>(message);
      absl::StrAppend(&out_, " first: 0x", absl::Hex(range.first()),
                      " last: 0x", absl::Hex(range.last()), " }\n");
      return;
    }
    out_ += '\n';
    Fields(message, indent + 2);
    absl::StrAppend(&out_, std::string(indent, ' '), "}\n");
  }

  std::string out_;
};

}  // namespace

std::string CanonicalText(const pb::Scenario& scenario) {
  Printer printer;
  printer.Fields(scenario, 0);
  return absl::StrCat(kHeader, printer.Take());
}

}  // namespace iovalab
