#include "lab/import/monitor_blocks.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fmt/format.h"

namespace iovalab {
namespace {

// "0000:00:01.0/vga.vram" is the region "vga.vram" of a device.
std::string LastPart(const std::string& block) {
  const size_t slash = block.rfind('/');
  return slash == std::string::npos ? block : block.substr(slash + 1);
}

uint64_t Distance(uint64_t a, uint64_t b) { return a > b ? a - b : b - a; }

bool Holds(const DumpSection& s, const DumpAddress& a) {
  return s.first <= a.gpa && a.gpa <= s.last && s.name == a.name;
}

// Of offset 0 of the region.
uint64_t Base(const DumpSection& s, const DumpAddress& a) {
  return a.hva - (a.gpa - s.first) - s.offset;
}

}  // namespace

MonitorBlocks::MonitorBlocks(const MonitorDump& dump) : dump_(dump) {
  std::set<std::string> known;
  for (const DumpBlock& b : dump.blocks) {
    if (known.insert(b.name).second) rows_[LastPart(b.name)].push_back(&b);
  }
  for (const DumpAddress& a : dump.addresses) answers_[a.name].push_back(&a);
  for (auto& [name, answers] : answers_) {
    std::stable_sort(answers.begin(), answers.end(),
                     [](const DumpAddress* a, const DumpAddress* b) {
                       return a->gpa < b->gpa;
                     });
  }
}

absl::Status MonitorBlocks::Error(uint64_t line, absl::string_view what) const {
  return absl::InvalidArgumentError(
      absl::StrCat(PlaceOfLine(dump_.files, line), ": ", what));
}

std::set<uint64_t> MonitorBlocks::Bases(const DumpAddress& answer) const {
  std::set<uint64_t> bases;
  for (const DumpView& view : dump_.views) {
    const auto after = std::upper_bound(
        view.sections.begin(), view.sections.end(), answer.gpa,
        [](uint64_t gpa, const DumpSection& s) { return gpa < s.first; });
    if (after == view.sections.begin()) continue;
    const DumpSection& s = *std::prev(after);
    if (Holds(s, answer)) bases.insert(Base(s, answer));
  }
  return bases;
}

absl::Status MonitorBlocks::Check() const {
  std::map<std::string, const DumpBlock*> first;
  for (const DumpBlock& b : dump_.blocks) {
    if (!b.has_hva) continue;
    const DumpBlock& was = *first.try_emplace(b.name, &b).first->second;
    if (was.hva == b.hva) continue;
    return Error(b.line, fmt::format("{} is at {:#x}, but at {:#x} by {}: "
                                     "outputs of two QEMUs?",
                                     b.name, b.hva, was.hva,
                                     PlaceOfLine(dump_.files, was.line)));
  }
  // What one gpa2hva says of a region, with the offset that some view has for
  // the address, must be what another one or `info ramblock` says.
  for (const auto& [name, answers] : answers_) {
    const auto rows = rows_.find(name);
    if (rows != rows_.end() && rows->second.size() > 1) continue;  // may differ
    const DumpBlock* row = rows == rows_.end() ? nullptr : rows->second[0];
    std::set<uint64_t> bases;  // that all so far can agree on
    uint64_t line = 0;
    if (row != nullptr && row->has_hva) {
      bases.insert(row->hva);
      line = row->line;
    }
    // Without rows, several regions may have one name: nothing to hold against.
    if (row == nullptr) continue;
    for (const DumpAddress* a : answers) {
      const std::set<uint64_t> here = Bases(*a);
      if (here.empty()) continue;  // asked at a moment that no view shows
      std::set<uint64_t> both;
      std::set_intersection(bases.begin(), bases.end(), here.begin(),
                            here.end(), std::inserter(both, both.end()));
      if (line != 0 && both.empty()) {
        return Error(a->line,
                     fmt::format("{} is not where {} has it: outputs of two "
                                 "QEMUs?",
                                 name, PlaceOfLine(dump_.files, line)));
      }
      bases = line == 0 ? here : both;
      line = a->line;
    }
  }
  return absl::OkStatus();
}

uint64_t MonitorBlocks::BaseOf(const DumpSection& section) const {
  const auto it = answers_.find(section.name);
  if (it == answers_.end()) return 0;
  const DumpAddress* nearest = nullptr;
  auto at = std::lower_bound(
      it->second.begin(), it->second.end(), section.first,
      [](const DumpAddress* a, uint64_t gpa) { return a->gpa < gpa; });
  for (; at != it->second.end() && (*at)->gpa <= section.last; ++at) {
    if (nearest == nullptr || Distance((*at)->line, section.line) <
                                  Distance(nearest->line, section.line)) {
      nearest = *at;
    }
  }
  return nearest == nullptr ? 0 : Base(section, *nearest);
}

absl::StatusOr<size_t> MonitorBlocks::Of(const DumpSection& section) {
  const auto rows = rows_.find(section.name);
  const size_t candidates = rows == rows_.end() ? 0 : rows->second.size();
  std::string key = candidates > 0 ? rows->second[0]->name : section.name;
  if (candidates > 1) {
    const uint64_t base = BaseOf(section);
    if (base == 0) {
      return Error(
          section.line,
          fmt::format("\"{}\" may be {}; add what `gpa2hva {:#x}` says",
                      section.name,
                      absl::StrJoin(rows->second, " or ",
                                    [](std::string* out, const DumpBlock* b) {
                                      absl::StrAppend(out, b->name);
                                    }),
                      section.first));
    }
    key = fmt::format("{}@{:x}", section.name, base);
    for (const DumpBlock* b : rows->second) {
      if (b->has_hva && b->hva == base) key = b->name;
    }
  }
  if (section.offset > kMostOffset ||
      section.last - section.first > kMostOffset) {
    return Error(section.line, "an offset or a size of 2^44 and more");
  }
  const auto [it, is_new] = index_.try_emplace(key, names_.size());
  if (is_new) {
    if (names_.size() >= kMaxDumpBlocks) {
      return Error(section.line,
                   absl::StrCat("more than ", kMaxDumpBlocks, " RAM blocks"));
    }
    names_.push_back(candidates > 1 ? section.name : key);
  }
  return it->second;
}

}  // namespace iovalab
