#include "lab/scenario/scenario_check.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/addr/address.h"
#include "util/nearest.h"

namespace iovalab {
namespace {

constexpr size_t kMaxIdentifier = 128;
constexpr size_t kMaxName = 255;     // QEMU's RAMBlock.idstr holds 256 with NUL
constexpr size_t kMaxProse = 65536;  // bytes
constexpr size_t kNamesShown = 8;

bool IsIdentifierChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

bool IsControl(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

uint32_t NameIndex::Add(absl::string_view name, uint32_t index) {
  const auto [it, added] = indexes_.insert({name, index});
  return added ? kNoIndex : it->second;
}

uint32_t NameIndex::Find(absl::string_view name) const {
  const auto it = indexes_.find(name);
  return it == indexes_.end() ? kNoIndex : it->second;
}

std::string NameIndex::Unknown(absl::string_view name) const {
  const std::string what =
      name.empty() ? "missing" : absl::StrCat("no ", sort_, " ", Quote(name));
  std::vector<absl::string_view> names;
  for (const auto& [known, index] : indexes_) names.push_back(known);
  const absl::string_view near = Nearest(name, names);
  if (names.empty()) {
    return absl::StrCat(what, "; the scenario has no ", sort_);
  }
  if (!near.empty()) {
    return absl::StrCat(what, "; did you mean ", Quote(near), "?");
  }
  const size_t shown = std::min(names.size(), kNamesShown);
  return absl::StrCat(what, "; there ", names.size() == 1 ? "is " : "are ",
                      absl::StrJoin(names.begin(), names.begin() + shown, ", ",
                                    [](std::string* out, absl::string_view n) {
                                      out->append(Quote(n));
                                    }),
                      shown < names.size()
                          ? absl::StrCat(" and ", names.size() - shown, " more")
                          : "");
}

std::string HexNumber(uint64_t value) {
  return absl::StrCat("0x", absl::Hex(value));
}

absl::Status CheckIdentifier(const Loading& l, const Place& at,
                             absl::string_view name) {
  constexpr absl::string_view kRule =
      "; an identifier is letters, digits, '_', '-', '.'";
  if (name.empty()) {
    return l.where.Error(at, absl::StrCat("missing", kRule));
  }
  if (!std::all_of(name.begin(), name.end(), IsIdentifierChar)) {
    return l.where.Error(at,
                         absl::StrCat(Quote(name), " is ill-formed", kRule));
  }
  if (name.size() > kMaxIdentifier) {
    return l.where.Error(at,
                         absl::StrCat(Quote(name), " is ", name.size(),
                                      " bytes long; at most ", kMaxIdentifier));
  }
  return absl::OkStatus();
}

absl::Status CheckName(const Loading& l, const Place& at,
                       absl::string_view name) {
  if (name.empty()) return l.where.Error(at, "missing; a unique name");
  if (name.size() > kMaxName) {
    return l.where.Error(at, absl::StrCat(Quote(name), " is ", name.size(),
                                          " bytes long; at most ", kMaxName));
  }
  if (FirstNotUtf8(name) < name.size() ||
      std::any_of(name.begin(), name.end(), IsControl)) {
    return l.where.Error(at, absl::StrCat(Quote(name),
                                          " is ill-formed; a name is UTF-8 "
                                          "without control characters"));
  }
  return absl::OkStatus();
}

absl::Status CheckProse(const Loading& l, const Place& at,
                        absl::string_view text) {
  if (text.size() > kMaxProse) {
    return l.where.Error(
        at, absl::StrCat(text.size(), " bytes; at most ", kMaxProse));
  }
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    return IsControl(c) && c != '\n' && c != '\t';
  });
  if (control || FirstNotUtf8(text) < text.size()) {
    return l.where.Error(at,
                         "not plain text; UTF-8 without control characters");
  }
  return absl::OkStatus();
}

absl::Status CheckPage(const Loading& l, const Place& at, uint64_t value) {
  if (value % kPageSize == 0) return absl::OkStatus();
  const uint64_t down = PageDown(value);
  const uint64_t up = PageUp(value);  // 0 past the last page
  return l.where.Error(
      at, absl::StrCat(
              HexNumber(value), " is not page-aligned; ", HexNumber(down),
              up > down ? absl::StrCat(" or ", HexNumber(up)) : "", " is"));
}

absl::Status CheckRange(const Loading& l, const Place& at, bool present,
                        const pb::Range& range, Align align) {
  if (!present) {
    return l.where.Error(at, "missing; { first: ... last: ... }, inclusive");
  }
  if (!l.where.Written(at.At("last"))) {
    return l.where.Error(at.At("last"),
                         "missing; the range's last byte, inclusive");
  }
  if (range.first() > range.last()) {
    return l.where.Error(
        at, absl::StrCat("first ", HexNumber(range.first()), " is past last ",
                         HexNumber(range.last()),
                         "; both are inclusive, first <= last"));
  }
  if (align == Align::kAny) return absl::OkStatus();
  if (absl::Status s = CheckPage(l, at.At("first"), range.first()); !s.ok()) {
    return s;
  }
  if ((range.last() + 1) % kPageSize != 0) {
    const uint64_t down = PageDown(range.last());
    return l.where.Error(
        at.At("last"),
        absl::StrCat(
            HexNumber(range.last()),
            " does not end a page (last is inclusive); ",
            HexNumber(down > range.first() ? down - 1 : down + kPageSize - 1),
            " does"));
  }
  return absl::OkStatus();
}

absl::Status CheckEnum(const Loading& l, const Place& at,
                       const google::protobuf::EnumDescriptor& type,
                       int value) {
  if (type.FindValueByNumber(value) != nullptr) return absl::OkStatus();
  std::vector<absl::string_view> names;
  for (int i = 0; i < type.value_count(); ++i) {
    names.push_back(type.value(i)->name());
  }
  return l.where.Error(at, absl::StrCat("no value ", value, "; one of ",
                                        absl::StrJoin(names, ", ")));
}

absl::Status CheckCount(const Loading& l, absl::string_view field, size_t count,
                        size_t most, absl::string_view flag) {
  if (count <= most) return absl::OkStatus();
  return l.where.Error(Place().At(field, static_cast<int>(most)),
                       absl::StrCat(count, " in all; at most ", most, " (--",
                                    flag, " raises it)"));
}

}  // namespace iovalab
