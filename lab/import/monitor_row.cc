#include "lab/import/monitor_row.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lab/import/qemu_log_pattern.h"

namespace iovalab {
namespace {

constexpr size_t kNone = absl::string_view::npos;
constexpr size_t kDigits = 16;

constexpr char kNoSection[] =
    "a section is \"FIRST-LAST (prio N, TYPE): NAME @OFFSET\", addresses of 16 "
    "digits; this is cut or damaged";

bool Address(absl::string_view text, uint64_t* value) {
  QemuEvent e;
  if (text.size() != kDigits || MatchQemuPattern("%x", text, &e) != kDigits) {
    return false;
  }
  *value = e.word[0];
  return true;
}

}  // namespace

bool BeginsLikeSection(absl::string_view line) {
  uint64_t first;
  return absl::ConsumePrefix(&line, "  ") && line.size() > kDigits &&
         line[kDigits] == '-' && Address(line.substr(0, kDigits), &first);
}

std::string ParseSection(absl::string_view line, DumpSection* section,
                         bool* mapped) {
  // What -o (owner) and some accelerators append.
  for (const absl::string_view end : {" owner:{", " parent:{"}) {
    line = line.substr(0, line.find(end));
  }
  for (const absl::string_view end : {" KVM", " TCG", " HVF", " NVMM"}) {
    absl::ConsumeSuffix(&line, end);
  }
  absl::ConsumePrefix(&line, "  ");
  const size_t kind_begin = line.find(", ");
  const size_t kind_end = line.find("): ");
  const size_t second = kDigits + 1;
  if (line.size() < second + kDigits || kind_begin == kNone ||
      kind_end == kNone || kind_end < kind_begin ||
      !absl::StartsWith(line.substr(second + kDigits), " (prio ") ||
      !Address(line.substr(0, kDigits), &section->first) ||
      !Address(line.substr(second, kDigits), &section->last) ||
      section->last < section->first) {
    return kNoSection;
  }
  absl::string_view kind =
      line.substr(kind_begin + 2, kind_end - kind_begin - 2);
  absl::string_view name = line.substr(kind_end + 3);
  const size_t at = name.rfind(" @");
  if (at != kNone) {
    if (!Address(name.substr(at + 2), &section->offset)) return kNoSection;
    name = name.substr(0, at);
  }
  absl::ConsumePrefix(&kind, "nv-");
  *mapped = kind == "ram" || kind == "rom";
  section->readonly = kind == "rom";
  section->name = std::string(name);
  return "";
}

std::string ParseBlock(absl::string_view line, bool has_hva, DumpBlock* block,
                       bool* is_row) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(line, ' ', absl::SkipEmpty());
  *is_row = false;
  for (const absl::string_view unit : {" B ", " KiB ", " MiB ", " GiB "}) {
    *is_row = *is_row || absl::StrContains(line, unit);
  }
  if (!*is_row) return "";
  const size_t after_name = has_hva ? 7 : 5;
  bool fits = words.size() > after_name && absl::StrContains(line, " 0x");
  QemuEvent e;
  // The numbers; the last of them is the HVA where there is one.
  const size_t end = words.size() - (has_hva ? 1 : 0);
  for (size_t i = words.size() - after_name + 2; fits && i < end; ++i) {
    e = {};
    fits = MatchQemuPattern("0x%x", words[i], &e) == 2 + kDigits &&
           words[i].size() == 2 + kDigits;
  }
  if (!fits) {
    return absl::StrCat(
        "a row of `info ramblock` is NAME, page size, offset, used, total",
        has_hva ? ", HVA, rw or ro" : "", "; this is cut or damaged");
  }
  const size_t name_end = static_cast<size_t>(
      words[words.size() - after_name].data() - line.data());
  block->name =
      std::string(absl::StripAsciiWhitespace(line.substr(0, name_end)));
  block->has_hva = has_hva;
  block->hva = has_hva ? e.word[0] : 0;
  return "";
}

}  // namespace iovalab
