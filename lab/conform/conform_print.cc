// The two forms of a report that CLI.md fixes.

#include "absl/strings/str_cat.h"
#include "lab/conform/conform.h"
#include "nlohmann/json.hpp"

namespace iovalab {
namespace {

using nlohmann::ordered_json;

ordered_json MismatchJson(const ConformMismatch& m) {
  return {{"case", m.test_case}, {"step", m.step},         {"line", m.line},
          {"field", m.field},    {"expected", m.expected}, {"got", m.got}};
}

ordered_json FileJson(const ConformFile& file) {
  ordered_json mismatches = ordered_json::array();
  for (const ConformMismatch& m : file.mismatches) {
    mismatches.push_back(MismatchJson(m));
  }
  return {{"file", file.file},
          {"kind", file.kind},
          {"matched", file.matched},
          {"total", file.total},
          {"ev_matched", file.ev_matched},
          {"ev_total", file.ev_total},
          {"mismatch_count", file.mismatch_count},
          {"mismatches", std::move(mismatches)}};
}

}  // namespace

std::string ConformText(const ConformReport& report) {
  std::string text;
  for (const ConformFile& file : report.files) {
    absl::StrAppend(&text, file.file, ": ", file.matched, " of ", file.total);
    if (file.ev_total > 0) {
      absl::StrAppend(&text, ", ev ", file.ev_matched, " of ", file.ev_total);
    }
    absl::StrAppend(&text, " (", file.kind, ")\n");
    for (const ConformMismatch& m : file.mismatches) {
      absl::StrAppend(&text, "  ", file.file, ":", m.line, ": case ",
                      m.test_case, " step ", m.step, ": ", m.field,
                      ": recorded ", m.expected, ", model ", m.got, "\n");
    }
    if (const uint64_t more = file.mismatch_count - file.mismatches.size()) {
      absl::StrAppend(&text, "  and ", more, " more\n");
    }
  }
  absl::StrAppend(&text, "ev ", report.ev_matched, " of ", report.ev_total,
                  "\n", "matched ", report.matched, " of ", report.total, "\n");
  return text;
}

std::string ConformJson(const ConformReport& report) {
  ordered_json files = ordered_json::array();
  for (const ConformFile& file : report.files) files.push_back(FileJson(file));
  const ordered_json json = {{"matched", report.matched},
                             {"total", report.total},
                             {"ev_matched", report.ev_matched},
                             {"ev_total", report.ev_total},
                             {"files", std::move(files)}};
  // A path or a case id may hold any bytes; they must not throw.
  return absl::StrCat(
      json.dump(-1, ' ', false, ordered_json::error_handler_t::replace), "\n");
}

}  // namespace iovalab
